// SPDX-License-Identifier: MIT

// drone log: what the board says, port by port.

#include "capture/capture.hpp"
#include "capture/output_spec.hpp"
#include "capture/outputs.hpp"
#include "capture/source.hpp"
#include "cli/command.hpp"
#include "cli/log_source.hpp"
#include "cli/log_talk.hpp"
#include "cli/source_options.hpp"
#include "cli/tool_source.hpp"
#include "config/config.hpp"
#include "probe/plan.hpp"

#include <algorithm>
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
    source_options source;
    bool after_sync = false;
    bool time = false;
    bool packets = false;
    bool json = false;
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
    if (outputs.empty()) return ~std::uint32_t{0};
    std::uint32_t mask = 0;
    for (const capture::output_spec& output : outputs) {
        if (output.ports.empty()) return ~std::uint32_t{0};
        for (const std::uint8_t port : output.ports)
            mask |= std::uint32_t{1} << port;
    }
    return mask;
}

result<config::log> log_settings(const log_options& options, const config::project* project) {
    config::log log = project != nullptr ? project->log : config::log{};
    if (options.source.format.empty()) return log;
    const auto format = config::parse_format(options.source.format);
    if (!format) return std::unexpected(format.error());
    log.format = format->format;
    log.tpiu_id = format->tpiu_id;
    return log;
}

/// The project, where something is needed of it.
result<std::optional<config::project>> project_for(const log_options& options) {
    const bool names_source = !options.source.input.empty() || !options.source.tool.via.empty();
    if (names_source && !options.source.format.empty() && !options.time) return std::nullopt;
    return find_project(names_source, "the source with --input SOURCE or --via TOOL:CHIP");
}

/// Whether the log comes by a tool, which can be started again.
bool tells_by_tool(const log_options& options, const config::project* project) {
    return !options.source.tool.via.empty() ||
           (project != nullptr && project->probe && project->probe->kind != "virtual");
}

result<capture::opener> source_of(
    const log_options& options,
    const std::vector<capture::output_spec>& outputs,
    const config::project* project,
    const session& s
) {
    if (tells_by_tool(options, project) && options.source.input.empty()) {
        const auto setup = find_setup(options.source.tool, project);
        if (!setup) return std::unexpected(setup.error());
        return tool_source(*setup, options.source.reset);
    }
    if (!options.source.input.empty() || project == nullptr)
        return input_source(options.source.input, options.source.reset, s);
    const auto ports = options.packets ? ~std::uint32_t{0} : wanted_ports(outputs);
    return board_source(*project, s, {.ports = ports, .reset = options.source.reset});
}

/// Opens as `open` does, unless what it opens is one of `files`.
capture::opener
distinct_from(std::shared_ptr<const capture::distinct_files> files, capture::opener open) {
    return [files = std::move(files),
            open = std::move(open)]() -> result<std::unique_ptr<capture::source>> {
        auto opened = open();
        if (!opened) return opened;
        if (auto distinct = files->check((*opened)->descriptor(), (*opened)->name()); !distinct)
            return std::unexpected(distinct.error());
        return opened;
    };
}

/// Opens what is open already, once.
capture::opener already_open(std::unique_ptr<capture::source> source) {
    const auto first = std::make_shared<std::unique_ptr<capture::source>>(std::move(source));
    return [first]() -> result<std::unique_ptr<capture::source>> { return std::move(*first); };
}

result<int> run_log(const session& s, const log_options& options) {
    auto outputs = capture::parse_outputs(options.outputs);
    if (!outputs) return std::unexpected(outputs.error());
    const auto read = project_for(options);
    if (!read) return std::unexpected(read.error());
    const std::optional<config::project>& project = *read;
    const config::project* const known = project ? &*project : nullptr;
    const auto log = log_settings(options, known);
    if (!log) return std::unexpected(log.error());
    auto open = source_of(options, *outputs, known, s);
    if (!open) return std::unexpected(open.error());

    capture::settings settings{.format = to_stream_format(*log, options.after_sync)};
    settings.tells_end = !options.source.input.empty();
    settings.comes_back =
        options.source.wait &&
        (options.source.input.empty() ? tells_by_tool(options, known)
                                      : capture::can_come_back(options.source.input));
    capture::stop_signal stop;
    const bool for_a_terminal = ::isatty(STDOUT_FILENO) == 1;
    const bool is_shown =
        outputs->empty() || options.packets ||
        std::ranges::any_of(*outputs, &std::string::empty, &capture::output_spec::path);
    log_talk hears(for_a_terminal && is_shown);
    const auto files = std::make_shared<capture::distinct_files>();
    if (settings.comes_back) {
        settings.open = distinct_from(files, std::move(*open));
    } else {
        // A source that is not there must not cost the user the files of the last capture.
        auto opened = (*open)();
        if (!opened) return std::unexpected(opened.error());
        if (auto known_file = files->add((*opened)->descriptor(), (*opened)->name()); !known_file)
            return std::unexpected(known_file.error());
        settings.open = already_open(std::move(*opened));
    }
    const capture::wishes wishes{
        .outputs = std::move(*outputs),
        .timed = options.time,
        .packets = options.packets,
        .json = options.json,
        .core_clock = log->core_clock,
        .for_a_terminal = for_a_terminal,
    };
    auto to = capture::open_outputs(wishes, *files, stop, [&](std::string_view line) {
        hears.notice(line);
    });
    if (!to) return std::unexpected(to.error());
    capture::run(settings, **to, hears, stop);
    return hears.finish() ? 0 : 1;
}

} // namespace

void add_log(command_syntax parent, session& s) {
    const auto options = std::make_shared<log_options>();
    command_syntax log = parent.add_subcommand("log", "Show or save what the board sends");
    log.add_option(
           "OUTPUT",
           options->outputs,
           "[PATH][:PORT]...: writes the bytes of these ports to PATH or standard output"
    )
        .check(refused_by(capture::parse_output));
    add_source_options(log, options->source);
    log.add_flag(
        "--time",
        options->time,
        "Begin each line of text with the target's time, in seconds where [log] has core_clock, else in ticks"
    );
    const option_syntax packets =
        log.add_flag("--packets", options->packets, "Print every packet on standard output");
    log.add_flag("--json", options->json, "Print packets as JSON, one object a line")
        .needs(packets);
    log.add_flag(
        "--after-sync", options->after_sync, "Ignore everything before the first synchronisation"
    );
    s.on(log, [&s, options] { return run_log(s, *options); });
}

} // namespace drone::cli
