// SPDX-License-Identifier: MIT

// drone heap diff: two runs beside each other, and a gate for CI.

#include "report/diff.hpp"

#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/read_report.hpp"
#include "cli/say.hpp"
#include "cli/terminal.hpp"

#include <fmt/core.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

struct diff_options {
    std::string before;
    std::string after;
    std::string limit;
    std::vector<std::string> elf; ///< of both runs; or of each
    bool markdown = false;
};

std::optional<double> parse_percent(std::string_view text) {
    double value = 0;
    const char* const end = std::to_address(text.end());
    const auto [stopped, problem] = std::from_chars(std::to_address(text.begin()), end, value);
    const bool is_whole = problem == std::errc{} && stopped == end;
    const bool is_share = value >= 0 && value <= 1e9; // not a number is none
    if (!is_whole || !is_share) return std::nullopt;
    return value;
}

/// `5%`, `1.5%`, `0`, `400` or `2K`.
result<report::growth_limit> parse_limit(std::string_view text) {
    report::growth_limit limit{.text = std::string(text), .percent = {}, .bytes = 0};
    if (text.ends_with('%')) {
        limit.percent = parse_percent(text.substr(0, text.size() - 1));
        if (limit.percent) return limit;
    } else if (const auto bytes = config::parse_size(text)) {
        limit.bytes = *bytes;
        return limit;
    }
    return fail(fmt::format("\"{}\" is not a limit; write a percentage or bytes: 5%, 400, 2K", text)
    );
}

result<report::heap_report>
read_side(const std::string& file, const std::string& elf, const heap_options& shared) {
    const auto inputs = find_heap(shared);
    if (!inputs) return std::unexpected(inputs.error());
    const auto source = open_trace(file, shared);
    if (!source) return std::unexpected(source.error());
    report::heap_report r;
    if (const auto read = read_run(*source, *inputs, true, false, r); !read)
        return std::unexpected(read.error());
    if (const auto named = name_callers(*inputs, elf, true, r); !named)
        return std::unexpected(named.error());
    return r;
}

result<int> print_diff(const heap_options& shared, const diff_options& options) {
    std::optional<report::growth_limit> limit;
    if (!options.limit.empty()) {
        auto parsed = parse_limit(options.limit);
        if (!parsed) return std::unexpected(parsed.error());
        limit = *std::move(parsed);
    }
    const std::string elf = options.elf.empty() ? "" : options.elf.front();
    const auto before = read_side(options.before, elf, shared);
    if (!before) return std::unexpected(before.error());
    const auto after =
        read_side(options.after, options.elf.empty() ? "" : options.elf.back(), shared);
    if (!after) return std::unexpected(after.error());
    const report::heap_diff d = report::compare(*before, *after);
    std::optional<std::string> verdict;
    if (limit) verdict = report::exceeded_by(d, *limit);
    if (shared.json)
        fmt::print("{}", report::to_json(d, verdict));
    else
        show_text(
            options.markdown ? report::to_markdown(d, verdict)
                             : report::to_text(d, terminal_width())
        );
    if (verdict && !verdict->empty()) return fail(*verdict);
    return 0;
}

} // namespace

void add_diff(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<diff_options>();
    command_syntax command =
        heap.add_subcommand("diff", "What grew, shrank, came and went between two runs");
    command.take_shared_options(
        {{"--file", "name the two traces without it: `drone heap diff BEFORE AFTER`"}}
    );
    command.add_option("BEFORE", options->before, "A trace of the run to compare with").required();
    command.add_option("AFTER", options->after, "A trace of the run that is looked at").required();
    command
        .add_option(
            "--fail-above",
            options->limit,
            "Exit with 1 if the heap grew by more: bytes, or a percentage of the peak before"
        )
        .takes("LIMIT")
        .check(refused_by(parse_limit));
    command
        .add_option(
            "--elf", options->elf, "The firmware of both runs; given twice, of each in turn"
        )
        .once_each();
    const option_syntax json = command.add_flag("--json", shared->json, "The comparison as JSON");
    command.add_flag("--markdown", options->markdown, "A summary for a pull request")
        .excludes(json);
    command.check([options]() -> std::string {
        if (options->elf.size() > 2) return "--elf is for two runs; give it once or twice";
        return {};
    });
    s.on(command, [shared, options] { return print_diff(*shared, *options); });
}

} // namespace drone::cli
