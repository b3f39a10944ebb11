// SPDX-License-Identifier: MIT

// drone heap watch: a heap, looked on while it is captured. `drone log` captures into a file of its
// own process; this one reads that file as it grows, so that drawing never holds up the capture.

#include "base/errno.hpp"
#include "base/file.hpp"
#include "capture/output_spec.hpp"
#include "capture/stop_signal.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/raw_terminal.hpp"
#include "cli/read_report.hpp"
#include "cli/say.hpp"
#include "cli/source_options.hpp"
#include "cli/watch_screen.hpp"
#include "probe/child.hpp"
#include "report/function_name.hpp"
#include "report/symbols.hpp"
#include "trace/formats/native/follower.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drone::cli {

namespace {

using clock = std::chrono::steady_clock;

struct watch_options {
    std::vector<std::string> outputs;
    source_options source;
    std::string elf;
};

/// A file for the capture that goes away with the object.
class scratch_trace {
public:
    scratch_trace() {
        path_ = (std::filesystem::temp_directory_path() / "drone-watch-XXXXXX").string();
        file_ = base::descriptor(::mkstemp(path_.data()));
    }
    scratch_trace(const scratch_trace&) = delete;
    scratch_trace& operator=(const scratch_trace&) = delete;
    ~scratch_trace() {
        if (file_) ::unlink(path_.c_str());
    }

    [[nodiscard]] bool is_there() const { return static_cast<bool>(file_); }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// What was written since the last time, at most a buffer full.
    [[nodiscard]] std::span<const std::byte> more() {
        const ssize_t got = ::pread(file_.get(), buffer_.data(), buffer_.size(), read_);
        if (got <= 0) return {};
        read_ += got;
        return {buffer_.data(), static_cast<std::size_t>(got)};
    }

private:
    std::string path_;
    base::descriptor file_;
    off_t read_ = 0;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{1} << 20U);
};

/// All that a program prints on standard output.
result<std::string> output_of(const std::vector<std::string>& command) {
    auto started = probe::child::start(command);
    if (!started) return std::unexpected(started.error());
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::read(started->output(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (const auto ended = started->wait(); !ended) return std::unexpected(ended.error());
    return text;
}

/// `name-1.ending`, or the first such that is not there.
std::string free_name(std::string_view name, std::string_view ending) {
    std::error_code ignored;
    for (unsigned number = 1;; ++number) {
        std::string file = fmt::format("{}-{}.{}", name, number, ending);
        if (!std::filesystem::exists(file, ignored)) return file;
    }
}

class watcher {
public:
    watcher(const heap_options& shared, const watch_options& options, const session& s)
        : shared_(shared), options_(options), executable_(s.executable().string()),
          follower_(model_) {}

    result<int> run() {
        if (!trace_.is_there())
            return fail(fmt::format("{}: {}", trace_.path(), base::errno_text(errno)));
        if (const auto named = open_symbols(); !named) return std::unexpected(named.error());
        const capture::stop_signal stop;
        auto terminal = raw_terminal::open();
        if (!terminal) return std::unexpected(terminal.error());
        auto capturing = probe::child::start(log_command());
        if (!capturing) return std::unexpected(capturing.error());
        look_on(*terminal, *capturing, stop);
        // The terminal first: what ends now may take a while, or be ended by force.
        terminal->restore();
        if (!has_ended_) {
            capturing->interrupt();
            end(*capturing);
        }
        if (failure_) return std::unexpected(*std::move(failure_));
        if (!said_.empty()) say_text(said_);
        return 0;
    }

private:
    [[nodiscard]] std::vector<std::string> log_command() const {
        std::vector<std::string> command = {executable_, "log"};
        source_options source = options_.source;
        if (source.input == "-")
            source.input = fmt::format("/proc/self/fd/{}", ::dup(STDIN_FILENO));
        const auto words = words_of(source);
        command.insert(command.end(), words.begin(), words.end());
        command.insert(command.end(), options_.outputs.begin(), options_.outputs.end());
        command.push_back(trace_.path() + ":31");
        return command;
    }

    result<void> open_symbols() {
        const auto inputs = find_heap(shared_);
        if (!inputs) return std::unexpected(inputs.error());
        const std::string elf = firmware(*inputs, options_.elf);
        if (elf.empty()) return {};
        auto opened = report::symbols::open(elf);
        if (!opened) return std::unexpected(opened.error());
        symbols_ = *std::move(opened);
        return {};
    }

    void
    look_on(raw_terminal& terminal, probe::child& capturing, const capture::stop_signal& stop) {
        while (!quits_ && !stop.requested()) {
            std::array<pollfd, 3> waited{{
                {.fd = terminal.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = stop.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = has_ended_ ? -1 : capturing.output(), .events = POLLIN, .revents = 0},
            }};
            constexpr int picture_period_ms = 100;
            ::poll(waited.data(), waited.size(), picture_period_ms);
            if (waited[2].revents != 0) end(capturing);
            for (auto piece = trace_.more(); !piece.empty(); piece = trace_.more())
                follower_.feed(piece);
            if ((waited[0].revents & (POLLHUP | POLLERR)) != 0) return;
            for (auto key = terminal.key(); key; key = terminal.key())
                press(*key);
            count();
            if (!paused_ || was_pressed_) draw(terminal);
            was_pressed_ = false;
        }
    }

    /// The capture ended, or is to end: what it had to say.
    void end(probe::child& capturing) {
        has_ended_ = true;
        auto said = capturing.wait();
        if (!said) {
            failure_ = std::move(said.error());
            message_ = failure_->message;
            return;
        }
        said_ = *std::move(said);
        message_ = said_;
    }

    void press(char key) {
        was_pressed_ = true;
        switch (key) {
        case 'q':
            quits_ = true;
            break;
        case 'p':
            paused_ = !paused_;
            break;
        case 'r':
            model_.reset_peaks();
            message_ = "peaks are reset";
            break;
        case 's':
            message_ = snapshot();
            break;
        case 'g':
            message_ = generate();
            break;
        default:
            break;
        }
    }

    /// The trace so far, in a file.
    [[nodiscard]] std::string snapshot() const {
        const std::string file = free_name("snapshot", "heaptrace");
        std::error_code problem;
        std::filesystem::copy_file(trace_.path(), file, problem);
        return problem ? fmt::format("{}: {}", file, problem.message())
                       : fmt::format("{}: the trace so far", file);
    }

    /// The layout for what was seen so far, on the screen and in a file.
    [[nodiscard]] std::string generate() const {
        std::vector<std::string> command = {
            executable_, "heap", "-f", trace_.path(), "-c", shared_.key
        };
        if (!shared_.size.empty()) command.insert(command.end(), {"-s", shared_.size});
        command.emplace_back("generate");
        const auto made = output_of(command);
        if (!made) return made.error().message;
        const std::string file = free_name("layout", "toml");
        if (const auto written = base::replace_file(file, *made); !written)
            return written.error().message;
        return fmt::format("{}:\n{}", file, *made);
    }

    void count() {
        const auto now = clock::now();
        history_.note(seconds_at(now), model_.bytes().now);
        const std::chrono::duration<double> passed = now - rated_;
        if (passed.count() < 1) return;
        const std::uint64_t events = follower_.found().events;
        rate_ = static_cast<std::uint64_t>(
            static_cast<double>(events - rated_events_) / passed.count()
        );
        rated_ = now;
        rated_events_ = events;
    }

    [[nodiscard]] std::uint64_t seconds_at(clock::time_point now) const {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(now - began_).count()
        );
    }

    void draw(raw_terminal& terminal) {
        const watch_view view{
            .heap = model_,
            .found = follower_.found(),
            .history = history_,
            .knows_heap = follower_.knows_heap(),
            .state = paused_      ? "paused"
                     : has_ended_ ? "the capture has ended"
                                  : "capturing",
            .seconds = seconds_at(clock::now()),
            .events_a_second = rate_,
            .message = message_,
            .caller = [this](std::uint32_t caller) { return name_of(caller); },
        };
        terminal.show(picture(view, terminal.style()));
    }

    std::string name_of(std::uint32_t caller) {
        if (caller == 0) return "not known";
        const auto [known, is_new] = names_.try_emplace(caller);
        if (!is_new) return known->second;
        if (symbols_) known->second = report::folded(symbols_->functions(caller));
        if (known->second.empty()) known->second = fmt::format("{:#010x}", caller);
        return known->second;
    }

    const heap_options& shared_;
    const watch_options& options_;
    std::string executable_;
    scratch_trace trace_;
    usage::watch_model model_;
    trace::native_follower follower_;
    usage::last_minute history_;
    std::optional<report::symbols> symbols_;
    std::map<std::uint32_t, std::string> names_; ///< by caller
    clock::time_point began_ = clock::now();
    clock::time_point rated_ = began_;
    std::uint64_t rated_events_ = 0;
    std::uint64_t rate_ = 0;
    std::string message_;
    std::string said_; ///< by the capture, when it ended
    std::optional<error> failure_;
    bool has_ended_ = false;
    bool paused_ = false;
    bool quits_ = false;
    bool was_pressed_ = false;
};

/// An OUTPUT of `drone log` that does not want the screen.
result<void> parse_file_output(const std::string& text) {
    const auto parsed = capture::parse_output(text);
    if (!parsed) return std::unexpected(parsed.error());
    if (parsed->path.empty())
        return fail(fmt::format("\"{0}\" would go to the screen; name a file: log.txt{0}", text));
    return {};
}

} // namespace

void add_watch(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<watch_options>();
    command_syntax command =
        heap.add_subcommand("watch", "The heap, looked on while it is captured");
    command.take_shared_options(
        {{"--file", "it captures; name the source with --input or --via"},
         {"--align", "what it captures records alignments"},
         {"--overhead", "what it captures has the sizes that were asked for"},
         {"--json", "it draws a screen"}}
    );
    command
        .add_option(
            "OUTPUT",
            options->outputs,
            "PATH[:PORT]...: writes the bytes of these ports to PATH as well"
        )
        .check(refused_by(parse_file_output));
    add_source_options(command, options->source);
    command.add_option("--elf", options->elf, "The firmware, whose functions name the callers");
    s.on(command, [&s, shared, options] { return watcher(*shared, *options, s).run(); });
}

} // namespace drone::cli
