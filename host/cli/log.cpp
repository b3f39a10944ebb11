// SPDX-License-Identifier: MIT

// drone log: what the board says, port by port.

#include "capture/capture.hpp"
#include "capture/consumers.hpp"
#include "capture/output_spec.hpp"
#include "capture/packet_list.hpp"
#include "capture/port_outputs.hpp"
#include "capture/source.hpp"
#include "cli/command.hpp"
#include "cli/say.hpp"
#include "config/config.hpp"
#include "probe/adapter.hpp"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drone::cli {

namespace {

struct log_options {
    std::vector<std::string> outputs;
    std::string input;
    std::string format;
    bool reset = false;
    bool wait = false;
    bool after_sync = false;
    bool time = false;
    bool packets = false;
    bool json = false;
};

/// A probe's log as a source.
class probe_source : public capture::source {
public:
    explicit probe_source(std::unique_ptr<probe::log_stream> log)
        : log_(std::move(log)), reader_(::dup(log_->descriptor())) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool live() const override { return true; }
    [[nodiscard]] int descriptor() const override { return reader_.get(); }
    [[nodiscard]] result<capture::reading> read(std::span<std::uint8_t> into) override {
        return capture::read_descriptor(reader_.get(), name_, into);
    }
    bool stop() override {
        log_->stop();
        return true;
    }
    [[nodiscard]] result<void> close() override {
        const auto said = log_->finish();
        if (!said) return std::unexpected(said.error());
        return {};
    }

private:
    std::unique_ptr<probe::log_stream> log_;
    base::descriptor reader_;
    std::string name_ = "the board";
};

/// Talks on standard error: lines that stay, and on a terminal one that is rewritten.
class talk : public capture::observer {
public:
    void notice(std::string_view line) override { print(line); }

    void failure(const error& what) override {
        print(what.message);
        failed_ = true;
    }

    void status(const capture::progress& now) override {
        if (!terminal_) return;
        const double seconds = static_cast<double>(now.microseconds) / 1e6;
        const double rate =
            seconds > 0 ? static_cast<double>(now.bytes - before_.bytes) /
                              (seconds - static_cast<double>(before_.microseconds) / 1e6) / 1000
                        : 0;
        before_ = now;
        say("\r\x1b[K{:.1f} s  {} bytes  {} packets  {:.1f} kB/s  lost: {} overflows, {} bytes  "
            "buffer {:.0f} %",
            seconds,
            now.bytes,
            now.packets,
            rate,
            now.overflows,
            now.malformed + now.missing,
            now.queue_fill * 100);
        shown_ = true;
    }

    /// Ends the status line.
    [[nodiscard]] bool finish() {
        if (shown_) say("\n");
        return !failed_;
    }

private:
    void print(std::string_view line) {
        if (shown_) say("\r\x1b[K");
        shown_ = false;
        say("drone: {}\n", line);
    }

    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool shown_ = false;
    bool failed_ = false;
    capture::progress before_;
};

stream::format to_stream_format(const config::log& log, bool after_sync) {
    stream::format format{.tpiu_id = log.tpiu_id};
    switch (log.format) {
    case config::log_format::swo:
        format.how = stream::framing::swo;
        break;
    case config::log_format::tpiu:
        format.how = stream::framing::tpiu;
        break;
    case config::log_format::dso:
        format.how = stream::framing::dso;
        break;
    }
    if (after_sync) format.from = stream::start::after_synchronisation;
    return format;
}

/// The ports that somebody wants, a bit each.
std::uint32_t wanted_ports(const std::vector<capture::output_spec>& outputs) {
    std::uint32_t mask = 0;
    for (const capture::output_spec& output : outputs) {
        if (output.ports.empty()) return ~std::uint32_t{0};
        for (const std::uint8_t port : output.ports)
            if (port < 32) mask |= std::uint32_t{1} << port;
    }
    return mask;
}

result<capture::opener>
board_opener(const config::project& project, const session& s, const probe::log_request& ask) {
    auto board = probe::open_adapter(project, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    const std::shared_ptr<probe::adapter> shared = std::move(*board);
    return [shared, ask]() -> result<std::unique_ptr<capture::source>> {
        auto log = shared->open_log(ask);
        if (!log) return std::unexpected(log.error());
        return std::make_unique<probe_source>(std::move(*log));
    };
}

/// Opens SOURCE; with --reset the board is reset the first time, when what it says is listened to.
result<capture::opener> input_opener(const log_options& options, const session& s) {
    if (!options.reset) return [&options] { return capture::open_source(options.input); };
    const auto project = config::read_nearest();
    if (!project) return std::unexpected(project.error());
    auto board = probe::open_adapter(*project, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    std::shared_ptr<probe::adapter> to_reset = std::move(*board);
    return [&options, to_reset]() mutable -> result<std::unique_ptr<capture::source>> {
        auto opened = capture::open_source(options.input);
        if (!opened || !to_reset) return opened;
        if (const auto done = std::exchange(to_reset, nullptr)->reset(); !done)
            return std::unexpected(done.error());
        return opened;
    };
}

/// Makes what `parse` does not take a wrong usage.
auto refused_by(auto parse) {
    return [parse](const std::string& text) {
        const auto parsed = parse(text);
        return parsed ? std::string() : parsed.error().message;
    };
}

result<int> run_log(const session& s, const log_options& options) {
    const auto outputs = capture::parse_outputs(options.outputs);
    if (!outputs) return std::unexpected(outputs.error());

    std::optional<config::project> project;
    if (options.input.empty() || (options.format.empty() && config::find("."))) {
        auto read = config::read_nearest();
        if (!read) return std::unexpected(read.error());
        project = std::move(*read);
    }
    config::log log = project ? project->log : config::log{};
    if (!options.format.empty()) {
        const auto format = config::parse_format(options.format);
        if (!format) return std::unexpected(format.error());
        log.format = format->format;
        log.tpiu_id = format->tpiu_id;
    }

    capture::settings settings{.format = to_stream_format(log, options.after_sync)};
    if (options.input.empty()) {
        const bool all = options.packets;
        const probe::log_request ask{
            .ports = all ? ~std::uint32_t{0} : wanted_ports(*outputs), .reset = options.reset
        };
        auto open = board_opener(*project, s, ask);
        if (!open) return std::unexpected(open.error());
        settings.open = std::move(*open);
    } else {
        auto open = input_opener(options, s);
        if (!open) return std::unexpected(open.error());
        settings.open = std::move(*open);
        settings.tells_end = true;
        settings.comes_back = options.wait && capture::can_come_back(options.input);
    }

    capture::stop_signal stop;
    // A source that is not there must not cost the user the files of the last capture.
    std::shared_ptr<std::unique_ptr<capture::source>> first;
    if (!settings.comes_back) {
        auto opened = settings.open();
        if (!opened) return std::unexpected(opened.error());
        first = std::make_shared<std::unique_ptr<capture::source>>(std::move(*opened));
        settings.open = [first]() -> result<std::unique_ptr<capture::source>> {
            return std::move(*first);
        };
    }
    capture::consumers to;
    if (options.packets) {
        using style = capture::packet_list::style;
        to.add(std::make_unique<capture::packet_list>(options.json ? style::json : style::text));
    }
    if (!options.packets || !options.outputs.empty()) {
        using text = capture::port_outputs::text;
        to.add(std::make_unique<capture::port_outputs>(
            *outputs, options.time ? text::timed : text::as_it_is
        ));
    }
    talk hears;
    capture::run(settings, to, hears, stop);
    return hears.finish() ? 0 : 1;
}

} // namespace

void add_log(CLI::App& parent, session& s) {
    const auto options = std::make_shared<log_options>();
    CLI::App& log = *parent.add_subcommand("log", "Show or save what the board says");
    log.add_option(
           "OUTPUT",
           options->outputs,
           "[PATH][:PORT]...: payload of these ports into PATH or on standard output"
    )
        ->check(refused_by(capture::parse_output));
    log.add_option(
        "--input",
        options->input,
        "A file, - for standard input, serial:PATH@BAUD, tcp:HOST:PORT, openocd:HOST:PORT"
    );
    log.add_option("--format", options->format, "swo, tpiu:ID or dso")
        ->check(refused_by(config::parse_format));
    log.add_flag("--time", options->time, "Begin lines of text with the target's time, in ticks");
    CLI::Option* const packets =
        log.add_flag("--packets", options->packets, "Print every packet on standard output");
    log.add_flag("--json", options->json, "Print packets as JSON, one object a line")
        ->needs(packets);
    log.add_flag("--reset", options->reset, "Reset the board first");
    log.add_flag("--wait", options->wait, "Wait for the source, also when it goes away");
    log.add_flag("--after-sync", options->after_sync, "Ignore all before a synchronisation");
    s.on(log, [&s, options] { return run_log(s, *options); });
}

} // namespace drone::cli
