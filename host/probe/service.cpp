// SPDX-License-Identifier: MIT
#include "probe/service.hpp"

#include "base/errno.hpp"
#include "base/program.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace drone::probe {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kept_bytes = std::size_t{1} << 20;

struct known_failure {
    std::string_view says;
    std::string_view advice;
};
constexpr known_failure known_failures[] = {
    {"Force reconnect", "the probe went away; plug it in again"},
    {"LIBUSB_ERROR_NO_DEVICE", "the probe went away; plug it in again"},
    {"failed to send USB CMD", "the probe went away; plug it in again"},
    {"Failed to open listener port", "another program has this port; end it, or try again"},
    {"Address already in use", "another program has this port; end it, or try again"},
    {"couldn't bind", "another program has this port; end it, or try again"},
    {"no ST-LINK detected", "is the probe plugged in?"},
    {"cannot connect to stlink server", "start the ST-Link server first"},
    {"already used", "end the other program that uses the probe"},
    {"serial mismatch", "check \"serial\" under [probe]"},
    {"unable to find a matching CMSIS-DAP device", "is the probe plugged in?"},
    {"No J-Link device found", "is the probe plugged in?"},
    {"Cannot connect to J-Link", "is the probe plugged in, and does no other program use it?"},
    {"Connecting to J-Link failed", "is the probe plugged in, and does no other program use it?"},
    {"No connected probes were found", "is the probe plugged in?"},
    {"No connected debug probes", "is the probe plugged in?"},
    {"No available debug probes", "is the probe plugged in?"},
    {"No probe", "is the probe plugged in?"},
    {"open failed", "is the probe plugged in, and does no other program use it?"},
    {"LIBUSB_ERROR_ACCESS", "you may not open the probe; install its udev rules"},
    {"Can't find target/", "check \"chip\" under [probe]: it is the name of OpenOCD's target file"},
    {"Can't find interface/", "check \"interface\" under [probe]"},
    {"UNEXPECTED idcode", "the chip is another one; check \"chip\" under [probe]"},
    {"Cannot identify target", "the chip is another one; check \"chip\" under [probe]"},
    {"can't get the device id", "the chip is another one; check \"chip\" under [probe]"},
    {"Couldn't read CONFIGID", "the chip is another one; check \"chip\" under [probe]"},
    {"auto_probe failed", "the chip is another one, or locked; check \"chip\" under [probe]"},
    {".ap2 examination failed", "the chip is another one; check \"chip\" under [probe]"},
    {"not recognized. Use 'pyocd list", "check \"chip\" under [probe]"},
    {"was not found in the database", "check \"chip\" under [probe]"},
    {"unknown chip", "check \"chip\" under [probe]"},
    {"Unknown device", "check \"chip\" under [probe]"},
    {"target needs reset", "is the chip powered, and wired to the probe?"},
    {"init mode failed", "is the chip powered, and wired to the probe?"},
    {"Verify Failed", "what was written reads back differently; flash again"},
    {"** Verify Failed", "what was written reads back differently; flash again"},
    {"MIS-MATCHED", "what was written reads back differently; flash again"},
    {"Connection refused", "nobody listens there; start the server"},
    {"No such file or directory", ""},
};

/// What tools print again and again when the probe was pulled out, without ending.
constexpr std::string_view probe_is_gone[] = {
    "Force reconnect",
    "LIBUSB_ERROR_NO_DEVICE",
    "LIBUSB_ERROR_IO",
    "Connection to J-Link lost",
    "failed to send USB CMD",
};

bool looks_bad(std::string_view line) {
    for (const std::string_view word :
         {"Error", "error", "ERROR", "failed", "FAILED", "cannot", "Cannot", "refused", "No such"})
        if (line.find(word) != std::string_view::npos) return true;
    return false;
}

constexpr int cannot_start = 127;

/// As exec takes it, which writes to none of it.
std::vector<char*> arguments_of(const command_line& command) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    return arguments;
}

/// In the child: becomes a program that ends with its parent.
[[noreturn]] void become(std::vector<char*>& arguments, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(cannot_start); // gone before the line above
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM})
        ::signal(number, SIG_DFL);
    ::execvp(arguments[0], arguments.data());
    ::_exit(cannot_start);
}

/// In the child: the same for a program that nobody types to.
[[noreturn]] void
become_served(std::vector<char*>& arguments, int input, int output, pid_t parent) {
    ::setpgid(0, 0);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    become(arguments, parent);
}

error not_started(const std::string& name) {
    return error{.message = fmt::format("{} cannot be started; is it installed?", name)};
}

/// SIGINT is ignored in this program while it is there.
class interrupts_ignored {
public:
    interrupts_ignored() : before_(::signal(SIGINT, SIG_IGN)) {}
    interrupts_ignored(const interrupts_ignored&) = delete;
    interrupts_ignored& operator=(const interrupts_ignored&) = delete;
    ~interrupts_ignored() { ::signal(SIGINT, before_); }

private:
    sighandler_t before_;
};

} // namespace

std::string explain(const std::string& name, const std::string& printed) {
    for (const known_failure& known : known_failures) {
        std::istringstream lines(printed);
        for (std::string line; std::getline(lines, line);)
            if (line.find(known.says) != std::string::npos)
                return known.advice.empty() ? fmt::format("{}: {}", name, line)
                                            : fmt::format("{}: {}; {}", name, line, known.advice);
    }
    std::istringstream lines(printed);
    std::string bad;
    std::string last;
    for (std::string line; std::getline(lines, line);) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        last = line;
        if (bad.empty() && looks_bad(line)) bad = line;
    }
    const std::string& shown = bad.empty() ? last : bad;
    return shown.empty() ? name + " ended without a word" : fmt::format("{}: {}", name, shown);
}

result<std::unique_ptr<service>> service::start(const command_line& command, keyboard keys) {
    const std::string name = std::filesystem::path(command.front()).filename().string();
    if (auto there = base::require_program(command.front()); !there)
        return std::unexpected(there.error());
    std::array<int, 2> output{-1, -1};
    if (::pipe2(output.data(), O_CLOEXEC) != 0) return base::fail_with_errno(name, errno);
    base::descriptor reading(output[0]);
    base::descriptor writing(output[1]);
    std::array<int, 2> input{-1, -1};
    if (keys == keyboard::idle && ::pipe2(input.data(), O_CLOEXEC) != 0)
        return base::fail_with_errno(name, errno);
    if (keys == keyboard::none) input[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const base::descriptor typed(input[0]);
    base::descriptor types(input[1]);
    std::vector<char*> arguments = arguments_of(command);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0) return base::fail_with_errno(name, errno);
    if (process == 0) become_served(arguments, typed.get(), writing.get(), parent);
    ::setpgid(process, process); // here too: it may be ended before it ran
    writing.close();
    std::unique_ptr<service> made(new service(name, process, std::move(reading)));
    made->input_ = std::move(types);
    return made;
}

service::service(std::string name, pid_t process, base::descriptor output)
    : name_(std::move(name)), process_(process), output_(std::move(output)),
      thread_([this] { read_all(); }) {}

service::~service() { stop(); }

void service::read_all() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t size = ::read(output_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        const std::lock_guard held(lock_);
        if (size <= 0)
            closed_ = true;
        else if (printed_.size() < kept_bytes)
            printed_.append(buffer.data(), static_cast<std::size_t>(size));
        for (const std::string_view words : probe_is_gone)
            if (!lost_ && printed_.find(words) != std::string::npos) {
                lost_ = true;
                ::kill(-process_, SIGTERM);
            }
        changed_.notify_all();
        if (!closed_) continue;
        if (at_end_) at_end_();
        return;
    }
}

error service::describe() const {
    const std::lock_guard held(lock_);
    if (WIFEXITED(status_) && WEXITSTATUS(status_) == cannot_start && printed_.empty())
        return not_started(name_);
    return error{.message = explain(name_, printed_)};
}

result<void> service::wait_for(const std::string& text, std::chrono::seconds patience) {
    std::unique_lock held(lock_);
    const auto said = [&] { return printed_.find(text) != std::string::npos; };
    const bool in_time = changed_.wait_for(held, patience, [&] { return said() || closed_; });
    if (said()) return {};
    held.unlock();
    if (!in_time) {
        stop();
        return fail(fmt::format(
            "{} does not get ready in {} s; its last words: {}",
            name_,
            patience.count(),
            explain(name_, printed_)
        ));
    }
    wait_for_end();
    return std::unexpected(describe());
}

void service::wait_for_end() {
    if (ended_) return;
    while (::waitpid(process_, &status_, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
    ::kill(-process_, SIGKILL); // what it left behind
    if (thread_.joinable()) thread_.join();
}

void service::when_it_ends(std::function<void()> act) {
    const std::lock_guard held(lock_);
    if (closed_) return act();
    at_end_ = std::move(act);
}

bool service::has_ended() const {
    const std::lock_guard held(lock_);
    return closed_;
}

bool service::lost_its_probe() const {
    const std::lock_guard held(lock_);
    return lost_;
}

result<std::string> service::finish() {
    wait_for_end();
    if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return printed_;
    return std::unexpected(describe());
}

void service::interrupt() const noexcept {
    if (!ended_) ::kill(-process_, SIGTERM);
}

std::string service::stop() {
    if (!ended_) {
        ::kill(-process_, SIGTERM);
        std::unique_lock held(lock_);
        // It closes its output when it ends.
        if (!changed_.wait_for(held, 3s, [&] { return closed_; })) ::kill(-process_, SIGKILL);
        held.unlock();
        wait_for_end();
    }
    return printed_;
}

result<int> run_for_user(const command_line& command) {
    if (auto there = base::require_program(command.front()); !there)
        return std::unexpected(there.error());
    std::vector<char*> arguments = arguments_of(command);
    const interrupts_ignored ignored;
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0) return base::fail_with_errno(command.front(), errno);
    if (process == 0) become(arguments, parent);
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status)) return 1;
    if (WEXITSTATUS(status) == cannot_start) return std::unexpected(not_started(command.front()));
    return WEXITSTATUS(status);
}

result<std::string> run(const task& what) {
    for (const script& one : what.scripts) {
        std::ofstream out(one.path, std::ios::binary);
        out << one.text;
        if (!out.flush()) return fail(fmt::format("{}: cannot be written", one.path));
    }
    std::string printed;
    for (const command_line& command : what.commands) {
        auto program = service::start(command);
        if (!program) return std::unexpected(program.error());
        auto said = (*program)->finish();
        if (!said) return said;
        printed = *std::move(said);
        // gdb -batch ends with 0 whatever its commands said.
        if (command.front() == "gdb-multiarch") {
            for (const std::string_view bad :
                 {"MIS-MATCHED",
                  "Connection refused",
                  "Connection timed out",
                  "No such file",
                  "Load failed",
                  "Remote connection closed",
                  "Attaching to Remote target failed",
                  "You can't do that when your target is `exec'"})
                if (printed.find(bad) != std::string::npos)
                    return fail(explain("gdb-multiarch", printed));
        }
        if (command.front() == "JLinkExe" && printed.find("Cannot connect") != std::string::npos)
            return fail(explain("JLinkExe", printed));
    }
    return printed;
}

} // namespace drone::probe
