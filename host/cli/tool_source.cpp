// SPDX-License-Identifier: MIT
#include "cli/tool_source.hpp"

#include "base/errno.hpp"
#include "capture/gdb_remote.hpp"
#include "capture/source.hpp"
#include "capture/transports.hpp"
#include "probe/service.hpp"
#include "probe/tool_adapter.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <utility>

namespace drone::cli {

namespace {

constexpr std::chrono::seconds patience{20}; // for a tool to open its ports

/// The bytes that a tool serves, and the tool.
class served_source : public capture::source {
public:
    served_source(
        probe::scratch at,
        std::unique_ptr<probe::service> tool,
        std::unique_ptr<capture::source> bytes,
        std::optional<capture::gdb_remote> control
    )
        : at_(std::move(at)), tool_(std::move(tool)), bytes_(std::move(bytes)),
          control_(std::move(control)) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool live() const override { return true; }
    [[nodiscard]] int descriptor() const override { return bytes_->descriptor(); }
    [[nodiscard]] result<capture::reading> read(std::span<std::uint8_t> into) override {
        return bytes_->read(into);
    }
    bool stop() override {
        was_asked_ = true;
        if (control_) {
            static_cast<void>(control_->interrupt()); // else the server may not answer
            control_->detach();
            control_.reset();
        }
        return bytes_->stop();
    }
    [[nodiscard]] result<std::string> close() override {
        auto said = bytes_->close();
        if (!tool_) return said;
        const bool lost = tool_->lost_its_probe();
        const std::string printed = tool_->stop();
        if (said && (lost || !was_asked_))
            return fail(fmt::format(
                "the log ended, and what arrived is kept: {}",
                probe::explain(tool_->name(), printed)
            ));
        return said;
    }

private:
    probe::scratch at_;
    std::unique_ptr<probe::service> tool_; ///< null: it was running already
    std::unique_ptr<capture::source> bytes_;
    std::optional<capture::gdb_remote> control_;
    bool was_asked_ = false; ///< to end
    std::string name_ = "the board";
};

result<std::unique_ptr<probe::service>> start(const probe::log_service& plan) {
    auto tool = probe::service::start(plan.command, probe::keyboard::idle);
    if (!tool) return tool;
    if (!plan.ready.empty())
        if (auto ready = (*tool)->wait_for(plan.ready, patience); !ready)
            return std::unexpected(ready.error());
    return tool;
}

/// What a tool serves. Some say that they are ready a moment before they listen.
result<std::unique_ptr<capture::source>>
open_served(const std::string& source, const probe::service* tool) {
    constexpr int most_tries = 100;
    constexpr std::chrono::milliseconds pause{20};
    for (int tries = 1;; ++tries) {
        auto opened = capture::open_source(source);
        if (opened || tool == nullptr || tool->has_ended() || tries == most_tries) return opened;
        std::this_thread::sleep_for(pause);
    }
}

/// Lets the reader of a FIFO see an end, also where nobody ever wrote.
void end_fifo(const std::string& path) {
    const base::descriptor writer(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

/// A tool that says nothing when it is ready has begun when bytes come, or when it has not failed for
/// some time.
result<void> wait_for_beginning(const capture::source& bytes, probe::service& tool) {
    constexpr int failing_milliseconds = 3000;
    pollfd coming{.fd = bytes.descriptor(), .events = POLLIN, .revents = 0};
    ::poll(&coming, 1, failing_milliseconds); // Ctrl-C ends it too, and is seen by the capture
    if ((coming.revents & POLLIN) != 0 || !tool.has_ended()) return {};
    if (const auto said = tool.finish(); !said) return std::unexpected(said.error());
    return fail(tool.name() + " ended before the log began");
}

result<std::unique_ptr<capture::source>> open(const probe::setup& s, bool reset) {
    auto at = probe::scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto plan = probe::plan_log(s, reset, at->place());
    if (!plan) return std::unexpected(plan.error());
    const bool is_fifo = plan->source.starts_with(at->place().folder);
    if (is_fifo && ::mkfifo(plan->source.c_str(), 0600) != 0)
        return base::fail_with_errno(plan->source, errno);
    // Somebody listens before the tool has anything to say, where it is not the tool that serves it.
    const bool is_path = plan->source.starts_with('/');
    std::unique_ptr<capture::source> bytes;
    if (is_path) {
        auto opened = capture::open_source(plan->source);
        if (!opened) return opened;
        bytes = *std::move(opened);
    }
    std::unique_ptr<probe::service> tool;
    if (!plan->command.empty()) {
        auto started = start(*plan);
        if (!started) return std::unexpected(started.error());
        tool = *std::move(started);
    }
    if (is_fifo) tool->when_it_ends([path = plan->source] { end_fifo(path); });
    if (is_path)
        if (auto begun = wait_for_beginning(*bytes, *tool); !begun)
            return std::unexpected(begun.error());
    if (!is_path) {
        auto opened = open_served(plan->source, tool.get());
        if (!opened) return opened;
        bytes = *std::move(opened);
    }
    std::optional<capture::gdb_remote> control;
    if (plan->how == probe::control::tcl) {
        if (const auto begun = ask_openocd(plan->server, plan->begin); !begun)
            return std::unexpected(begun.error());
    } else if (plan->how == probe::control::gdb) {
        auto target = capture::gdb_remote::connect(plan->server);
        if (!target) return std::unexpected(target.error());
        for (const std::string& command : plan->begin)
            if (const auto done = target->monitor(command); !done)
                return std::unexpected(done.error());
        if (const auto done = target->resume(); !done) return std::unexpected(done.error());
        control.emplace(std::move(*target));
    }
    return std::make_unique<served_source>(
        *std::move(at), std::move(tool), std::move(bytes), std::move(control)
    );
}

} // namespace

result<std::optional<config::project>> find_project(bool does_without, std::string_view instead) {
    if (!config::find(".")) {
        if (does_without) return std::nullopt;
        return fail(fmt::format(
            "no Drone.toml in this folder or above; name {}, or change to a project's folder",
            instead
        ));
    }
    auto read = config::read_nearest();
    if (!read) return std::unexpected(read.error());
    return *std::move(read);
}

result<probe::setup> find_setup(const tool_options& options, const config::project* project) {
    auto named = !options.via.empty() ? probe::parse_via(options.via)
                 : project != nullptr
                     ? config::require_probe(*project)
                     : fail("no probe is named; say --via TOOL:CHIP, or run this in a project");
    if (!named) return std::unexpected(named.error());
    probe::setup s = probe::setup_of(*std::move(named), project);
    if (!options.swo.empty())
        if (const auto known = probe::parse_swo(options.swo, s.log); !known)
            return std::unexpected(known.error());
    if (options.rtt) s.log.carrier = config::log_carrier::rtt;
    return s;
}

capture::opener tool_source(const probe::setup& s, bool reset) {
    return [s, reset] { return open(s, reset); };
}

result<std::string> ask_openocd(const std::string& server, const std::vector<std::string>& lines) {
    constexpr int answer_milliseconds = 10'000;
    const auto socket = capture::connect_tcp(server);
    if (!socket) return std::unexpected(socket.error());
    std::string answer;
    for (const std::string& line : lines) {
        const std::string text = line + "\x1a";
        if (::send(socket->get(), text.data(), text.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(text.size()))
            return fail(fmt::format("OpenOCD at {} went away", server));
        answer.clear();
        while (!answer.ends_with('\x1a')) {
            pollfd ready{.fd = socket->get(), .events = POLLIN, .revents = 0};
            if (::poll(&ready, 1, answer_milliseconds) == 0)
                return fail(fmt::format("OpenOCD does not answer to \"{}\"", line));
            std::array<char, 4096> buffer{};
            const ssize_t got = ::recv(socket->get(), buffer.data(), buffer.size(), 0);
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (got <= 0) return fail(fmt::format("OpenOCD at {} went away", server));
            answer.append(buffer.data(), static_cast<std::size_t>(got));
        }
        answer.pop_back();
    }
    return answer;
}

} // namespace drone::cli
