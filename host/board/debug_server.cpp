// SPDX-License-Identifier: MIT

#include "board/debug_server.hpp"

#include "base/errno.hpp"
#include "base/say.hpp"
#include "board/flash_file.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace drone::board {
namespace {

/// Cycles between two looks at the client: some 20 us of real time.
constexpr std::uint64_t slice_cycles = 2'000;
/// ... and so many times as long while there is none.
constexpr unsigned lonely_slices = 100;
/// What the pin can send in a slice at its fastest, with a full FIFO and frames.
constexpr std::size_t slice_bytes = 300;

/// For a command to end by itself.
constexpr unsigned patience_seconds = 2;

/// Of a firmware that faults again and again.
constexpr unsigned notes_in_full = 8;

sigset_t handled_signals() {
    sigset_t set{};
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM})
        sigaddset(&set, signal);
    return set;
}

std::unexpected<error> system_failure(const std::string& what) {
    return fail(fmt::format("{}: {}", what, base::errno_text(errno)), error_kind::system);
}

std::string with_port(std::string text, std::uint16_t port) {
    constexpr std::string_view mark = "{port}";
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;)
        text.replace(at, mark.size(), std::to_string(port));
    return text;
}

/// What is in the flash file; erased flash where there is no file yet.
result<std::vector<std::uint8_t>> flash_or_erased(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return std::vector<std::uint8_t>(flash_size, std::uint8_t{0xFF});
    return read_flash(file);
}

} // namespace

result<std::unique_ptr<debug_server>> debug_server::open(const debug_server_setup& setup) {
    auto control = control_socket::listen(setup.flash_file);
    if (!control) return std::unexpected(control.error());
    std::unique_ptr<debug_server> made(new debug_server(setup, std::move(*control)));
    const sigset_t signals = handled_signals();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    made->signals_ = base::descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!made->signals_) return system_failure("cannot watch signals");
    if (auto done = made->listen(); !done) return std::unexpected(done.error());
    if (auto done = made->power_board(); !done) return std::unexpected(done.error());
    return made;
}

debug_server::~debug_server() {
    if (command_ == 0) return;
    ::kill(command_, SIGTERM);
    ::waitpid(command_, nullptr, 0);
}

result<void> debug_server::listen() {
    listener_ = base::descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_) return system_failure("cannot open a socket");
    const int reuse = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(setup_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (::bind(listener_.get(), where, size) != 0 || ::listen(listener_.get(), 1) != 0 ||
        ::getsockname(listener_.get(), where, &size) != 0) {
        return system_failure(fmt::format("cannot listen on 127.0.0.1:{}", setup_.port));
    }
    port_ = ntohs(address.sin_port);
    return {};
}

result<void> debug_server::power_board() {
    if (!setup_.swo_file.empty()) {
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        swo_file_ = base::descriptor(::open(setup_.swo_file.c_str(), flags, 0666));
        if (!swo_file_) return system_failure("cannot write " + setup_.swo_file);
    }
    const auto image = flash_or_erased(setup_.flash_file);
    if (!image) return std::unexpected(image.error());
    board_setup wanted;
    wanted.part = setup_.part;
    wanted.model = setup_.part->core;
    wanted.cpu_hz = setup_.cpu_hz != 0 ? setup_.cpu_hz : setup_.part->default_hz;
    wanted.probe.reset();
    wanted.debug_port = true;
    wanted.poll_cycles = slice_cycles;
    auto made = virtual_board::make(wanted, *image, *this);
    if (!made) return std::unexpected(made.error());
    board_ = std::move(*made);
    probe_ = std::make_unique<stlink_probe>(setup_.version, *board_, *setup_.part);
    server_ = std::make_unique<stlink_server>(setup_.server, *probe_);
    return {};
}

result<int> debug_server::serve() {
    if (!setup_.command.empty())
        if (auto started = start_command(); !started) return std::unexpected(started.error());
    while (!exit_status_) {
        const bool runs = board_runs();
        // The pin goes on sending when the core is stopped. Not while the core waits for room in
        // the probe: time is stopped then.
        if (!board_->can_run() || sleeps_for_ever_) board_->flush_trace();
        if (auto done = wait(runs); !done) return std::unexpected(done.error());
        if (board_runs()) run_slice();
    }
    if (auto kept = keep_flash(); !kept) return std::unexpected(kept.error());
    return *exit_status_;
}

result<void> debug_server::start_command() {
    std::vector<std::string> words;
    std::vector<char*> arguments;
    words.reserve(setup_.command.size());
    arguments.reserve(setup_.command.size() + 1);
    for (const std::string& word : setup_.command)
        words.push_back(with_port(word, port_));
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);

    std::array<int, 2> failure{};
    if (::pipe2(failure.data(), O_CLOEXEC) != 0) return system_failure("cannot make a pipe");
    const base::descriptor told(failure[0]);
    base::descriptor tells(failure[1]);
    command_ = ::fork();
    if (command_ == 0) {
        // A board that is killed takes its client along. OpenOCD does not end on SIGTERM while it
        // runs a script.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const sigset_t signals = handled_signals();
        ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
        ::execvp(arguments[0], arguments.data());
        const int why = errno;
        static_cast<void>(::write(tells.get(), &why, sizeof why));
        ::_exit(127);
    }
    if (command_ < 0) {
        command_ = 0;
        return system_failure("cannot start " + words[0]);
    }
    tells.close();
    int why = 0;
    if (::read(told.get(), &why, sizeof why) != sizeof why) return {};
    errno = why;
    return system_failure("cannot start " + words[0]);
}

result<void> debug_server::wait(bool runs) {
    std::array<pollfd, 3> watched{
        pollfd{signals_.get(), POLLIN, 0},
        pollfd{control_.waits_on(), POLLIN, 0},
        pollfd{client_ ? client_.get() : listener_.get(), POLLIN, 0},
    };
    if (::poll(watched.data(), watched.size(), runs ? 0 : -1) < 0) {
        if (errno == EINTR) return {};
        return system_failure("cannot wait for the client");
    }
    if (watched[0].revents != 0)
        if (auto done = take_signal(); !done) return done;
    if (watched[1].revents != 0 && control_.take_request()) reset_board();
    if (watched[2].revents != 0) return client_ ? take_bytes() : take_client();
    return {};
}

result<void> debug_server::take_signal() {
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
        switch (signal.ssi_signo) {
        case SIGHUP:
            reset_board();
            break;
        case SIGCHLD: {
            int status = 0;
            if (command_ == 0 || ::waitpid(command_, &status, WNOHANG) != command_) break;
            command_ = 0;
            exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            break;
        }
        case SIGTERM:
            if (command_ != 0) {
                ::kill(command_, SIGTERM);
                ::alarm(patience_seconds); // OpenOCD does not hear it while it runs a script
            } else {
                exit_status_ = 0;
            }
            break;
        case SIGALRM:
            if (command_ != 0) ::kill(command_, SIGKILL);
            break;
        default:
            if (command_ == 0) exit_status_ = 0;
        }
    }
    return {};
}

result<void> debug_server::take_client() {
    client_ =
        base::descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)
        );
    const int on = 1;
    if (client_) ::setsockopt(client_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
}

result<void> debug_server::take_bytes() {
    std::array<std::uint8_t, 65536> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::recv(client_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) return drop_client();
    const auto answers = server_->receive(std::span(bytes).first(static_cast<std::size_t>(got)));
    sleeps_for_ever_ = false; // what the client did may have ended it
    if (!answers) {
        base::say("drone-board: {}\n", answers.error().message);
        return drop_client();
    }
    std::span<const std::uint8_t> rest(*answers);
    while (!rest.empty()) {
        const ssize_t sent = ::send(client_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            pollfd room{client_.get(), POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return drop_client();
        }
    }
    return {};
}

result<void> debug_server::drop_client() {
    if (const std::size_t lost = probe_->trace().lost(); lost != 0)
        base::say(
            "drone-board: the probe's buffer was full; {} bytes of the trace were lost\n", lost
        );
    client_.close();
    server_->disconnect();
    return keep_flash();
}

bool debug_server::board_runs() const {
    const trace_receiver& trace = probe_->trace();
    const bool has_room = setup_.overflows || !trace.receives() || trace.room() >= slice_bytes;
    return board_->can_run() && !sleeps_for_ever_ && has_room;
}

void debug_server::run_slice() {
    const run_end end = board_->run();
    switch (end.why) {
    case run_end::kind::idle:
        sleeps_for_ever_ = true;
        break;
    case run_end::kind::faulted:
        note("the core is in lockup: " + end.message);
        break;
    case run_end::kind::exited:
    case run_end::kind::limit:
    case run_end::kind::address:
    case run_end::kind::requested:
    case run_end::kind::halted:
        break;
    }
}

void debug_server::reset_board() {
    board_->drive_reset_pin(true);
    board_->drive_reset_pin(false);
    sleeps_for_ever_ = false;
}

result<void> debug_server::keep_flash() {
    if (!board_->take_flash_written()) return {};
    const auto flash = board_->processor().flash();
    return write_flash(setup_.flash_file, {flash.begin(), flash.end()});
}

bool debug_server::swo(std::span<const std::uint8_t> bytes) {
    probe_->trace().receive(bytes, board_->swo_baud());
    while (swo_file_ && !bytes.empty()) {
        const ssize_t written = ::write(swo_file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            base::say(
                "drone-board: cannot write {}: {}\n", setup_.swo_file, base::errno_text(errno)
            );
            swo_file_.close();
            break;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

board_listener::request debug_server::poll() {
    if (!client_ && ++slices_ < lonely_slices) return request::none;
    slices_ = 0;
    return request::stop;
}

void debug_server::note(std::string_view line) {
    if (++notes_ <= notes_in_full) base::say("drone-board: {}\n", line);
    if (notes_ == notes_in_full) base::say("drone-board: further faults are not shown\n");
}

} // namespace drone::board
