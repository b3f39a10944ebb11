// SPDX-License-Identifier: MIT

// A comparison in words: tables for a terminal, Markdown, JSON.

#include "base/counted.hpp"
#include "report/diff.hpp"
#include "report/function_name.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace drone::report {

namespace {

using json = nlohmann::ordered_json;

/// Rows of a table of what changed; the rest is counted. `--json` has all.
constexpr std::size_t rows_shown = 25;

std::string signed_number(std::int64_t value) { return fmt::format("{:+}", value); }

/// `+412 (+14.43%)`; the share of nothing is left out.
std::string change_text(const compared& c) {
    if (c.change() == 0) return "0";
    if (c.before == 0) return signed_number(c.change());
    const double share = 100.0 * static_cast<double>(c.change()) / static_cast<double>(c.before);
    return fmt::format("{:+} ({:+.2f}%)", c.change(), share);
}

struct figure {
    const char* what;
    compared values;
};

std::vector<figure> figures(const heap_diff& d) {
    std::vector<figure> all{
        {"Peak live memory", d.peak},
        {"Maximum memory usage", d.maximum},
        {"Live at the end", d.at_end},
        {"Failed requests", d.failures},
    };
    if (d.region_bytes && *d.region_bytes != compared{})
        all.push_back({"Peak of the region", *d.region_bytes});
    if (d.heap_size && d.heap_size->change() != 0)
        all.push_back({"Size of the heap", *d.heap_size});
    all.push_back({"Events", d.events});
    return all;
}

std::string word_for(const caller_change& c) {
    return std::string(name(c.became)) + (c.leaks ? ", keeps growing" : "");
}

/// One table: what it is called, its heading, and the rows that changed.
struct table {
    std::string by; ///< "size"
    cells header;
    std::vector<cells> rows;
    std::size_t same = 0;
    std::size_t left_column = SIZE_MAX;
    std::array<std::size_t, 5> fates{}; ///< how many became what

    void count(fate f) { ++fates[static_cast<std::size_t>(f)]; }

    /// "2 grew, 1 came, 12 as before"
    [[nodiscard]] std::string summary() const {
        std::string text;
        for (const fate f : {fate::grew, fate::shrank, fate::came, fate::went})
            if (const std::size_t n = fates[static_cast<std::size_t>(f)]; n != 0)
                text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name(f));
        if (same != 0) text += fmt::format("{}{} as before", text.empty() ? "" : ", ", same);
        return text;
    }
};

/// The table of a list whose entries have `became`; `row` makes the cells of one.
template <class List, class Row>
table make_table(std::string by, cells header, const List& list, Row row) {
    table made{.by = std::move(by), .header = std::move(header), .rows = {}};
    for (const auto& one : list) {
        made.count(one.became);
        if (one.became == fate::same)
            ++made.same;
        else
            made.rows.push_back(row(one));
    }
    return made;
}

std::string number(std::uint64_t value) { return fmt::to_string(value); }

table sizes_table(const heap_diff& d) {
    return make_table(
        "size",
        {"Block Size", "Max Load Before", "After", "Bytes", "Became"},
        d.sizes,
        [](const size_change& one) -> cells {
            return {
                number(one.size),
                number(one.most.before),
                number(one.most.after),
                signed_number(one.bytes()),
                std::string(name(one.became)),
            };
        }
    );
}

table pools_table(const heap_diff& d) {
    const auto of = [](std::uint64_t most, std::uint64_t capacity) {
        return capacity == 0 ? std::string("-") : fmt::format("{} of {}", most, capacity);
    };
    return make_table(
        "pool",
        {"Pool", "In Use Before", "After", "Became"},
        d.pools,
        [&](const pool_change& one) -> cells {
            return {
                number(one.block),
                of(one.most.before, one.capacity.before),
                of(one.most.after, one.capacity.after),
                std::string(name(one.became)),
            };
        }
    );
}

table callers_table(const heap_diff& d) {
    table made = make_table(
        "caller",
        {"Most Before", "After", "At End Before", "After", "Became", "Caller"},
        d.callers,
        [](const caller_change& one) -> cells {
            return {
                number(one.most.before),
                number(one.most.after),
                number(one.at_end.before),
                number(one.at_end.after),
                word_for(one),
                folded(one.frames),
            };
        }
    );
    made.left_column = made.header.size() - 1;
    return made;
}

/// What the figures leave open.
std::string doubts(const heap_diff& d) {
    std::string text;
    if (d.gaps.before + d.gaps.after != 0)
        text += fmt::format(
            "Events are missing ({} gaps before, {} after): the figures are at least these.\n",
            d.gaps.before,
            d.gaps.after
        );
    if (!d.callers_before && !d.callers_after)
        text += "These traces have no callers.\n";
    else if (d.callers_before != d.callers_after)
        text += fmt::format(
            "{} has no callers, so there are none to compare.\n",
            d.callers_before ? d.after : d.before
        );
    else if (!d.callers_compare)
        text +=
            "The runs are of two builds, and addresses of one mean nothing in the other: name both "
            "with --elf to compare callers.\n";
    return text;
}

std::vector<table> tables(const heap_diff& d) {
    std::vector<table> all;
    if (d.callers_before && !d.callers.empty()) all.push_back(callers_table(d));
    all.push_back(sizes_table(d));
    if (!d.pools.empty()) all.push_back(pools_table(d));
    return all;
}

/// A text inside a cell of Markdown: code, whatever is in it.
std::string as_code(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '|') safe += '\\';
        safe += c == '`' ? '\'' : c;
    }
    return "`" + safe + "`";
}

std::string markdown_row(const cells& row) {
    return fmt::format("| {} |\n", fmt::join(row, " | "));
}

std::string markdown_table(const table& t) {
    std::string text = markdown_row(t.header) + "|";
    for (std::size_t i = 0; i < t.header.size(); ++i)
        text += i == t.left_column ? " :-- |" : " --: |";
    text += '\n';
    for (cells row : t.rows | std::views::take(rows_shown)) {
        if (t.left_column != SIZE_MAX) row[t.left_column] = as_code(row[t.left_column]);
        text += markdown_row(row);
    }
    return text;
}

std::string left_out(const table& t) {
    if (t.rows.size() <= rows_shown) return "";
    return fmt::format("... and {} more; --json has all.\n", t.rows.size() - rows_shown);
}

json to_json(const compared& c) { return {{"before", c.before}, {"after", c.after}}; }
json to_json(const std::optional<compared>& c) { return c ? to_json(*c) : json(nullptr); }

} // namespace

std::string to_text(const heap_diff& d, std::size_t width) {
    std::vector<cells> rows;
    for (const figure& f : figures(d))
        rows.push_back(
            {f.what, number(f.values.before), number(f.values.after), change_text(f.values)}
        );
    std::string text = fmt::format("Before: {}\nAfter:  {}\n\n", d.before, d.after) +
                       columns({"", "Before", "After", "Change"}, rows, 0);
    for (const table& t : tables(d)) {
        text += fmt::format("\nBy {}: {}\n", t.by, t.summary());
        if (t.rows.empty()) continue;
        const std::vector<cells> shown(
            t.rows.begin(),
            t.rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows_shown, t.rows.size()))
        );
        text += columns(t.header, shown, t.left_column, width) + left_out(t);
    }
    if (const std::string doubt = doubts(d); !doubt.empty()) text += "\n" + doubt;
    return text;
}

std::string to_markdown(const heap_diff& d, const std::optional<std::string>& verdict) {
    std::string text = fmt::format(
        "### Heap: peak {} → {}, {}\n\n",
        d.peak.before,
        base::counted(d.peak.after, "byte"),
        d.peak.change() == 0 ? "as before" : change_text(d.peak)
    );
    if (verdict)
        text += verdict->empty() ? "Within the limit.\n\n"
                                 : fmt::format("**Above the limit:** {}.\n\n", *verdict);
    text += "| | before | after | change |\n| :-- | --: | --: | --: |\n";
    for (const figure& f : figures(d))
        text += markdown_row(
            {f.what, number(f.values.before), number(f.values.after), change_text(f.values)}
        );
    for (const table& t : tables(d)) {
        if (t.rows.empty()) {
            text += fmt::format("\nBy {}: {}\n", t.by, t.summary());
            continue;
        }
        text += fmt::format(
            "\n<details{}><summary>By {}: {}</summary>\n\n{}\n{}</details>\n",
            t.by == "caller" ? " open" : "",
            t.by,
            t.summary(),
            markdown_table(t),
            left_out(t)
        );
    }
    if (const std::string doubt = doubts(d); !doubt.empty()) text += "\n" + doubt;
    return text;
}

std::string to_json(const heap_diff& d, const std::optional<std::string>& verdict) {
    json sizes = json::array();
    for (const size_change& one : d.sizes)
        sizes.push_back(
            {{"size", one.size},
             {"became", name(one.became)},
             {"max_load", to_json(one.most)},
             {"total", to_json(one.total)},
             {"bytes", one.bytes()}}
        );
    json pools = json::array();
    for (const pool_change& one : d.pools)
        pools.push_back(
            {{"block", one.block},
             {"became", name(one.became)},
             {"capacity", to_json(one.capacity)},
             {"max_load", to_json(one.most)}}
        );
    json callers = json::array();
    for (const caller_change& one : d.callers)
        callers.push_back(
            {{"functions", one.frames},
             {"became", name(one.became)},
             {"keeps_growing", one.leaks},
             {"peak_bytes", to_json(one.most)},
             {"bytes_at_peak", to_json(one.at_peak)},
             {"live_bytes", to_json(one.at_end)},
             {"allocations", to_json(one.total)},
             {"bytes", one.bytes()}}
        );
    const json all{
        {"before", d.before},
        {"after", d.after},
        {"peak_live", to_json(d.peak)},
        {"maximum_usage", to_json(d.maximum)},
        {"live_at_end", to_json(d.at_end)},
        {"failures", to_json(d.failures)},
        {"gaps", to_json(d.gaps)},
        {"events", to_json(d.events)},
        {"region_peak", to_json(d.region_bytes)},
        {"heap_size", to_json(d.heap_size)},
        {"above_limit", verdict && !verdict->empty() ? json(*verdict) : json(nullptr)},
        {"callers_compare", d.callers_compare},
        {"callers", callers},
        {"sizes", sizes},
        {"pools", pools},
    };
    return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace drone::report
