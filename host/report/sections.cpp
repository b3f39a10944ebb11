// SPDX-License-Identifier: MIT

#include "report/sections.hpp"

#include "base/counted.hpp"
#include "base/printable.hpp"
#include "report/bars.hpp"
#include "report/caller_tree.hpp"
#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace drone::report {

namespace {

std::string number(std::uint64_t value) { return fmt::format("{}", value); }

std::string place(const heap_report& r, const usage::moment& when, trace::clock unit) {
    const std::string time = time_text(unit, when.time, r.core_clock);
    return fmt::format("event {}{}{}", when.event, time.empty() ? "" : ", ", time);
}

/// What a column of times counts, as its heading says it, and the times.
std::string heading(const heap_report& r, trace::clock unit, std::string_view what) {
    if (unit == trace::clock::none) return std::string(what);
    if (unit == trace::clock::microseconds) return fmt::format("{} (host s)", what);
    return fmt::format("{} (target {})", what, r.core_clock ? "s" : "ticks");
}

std::string duration(const heap_report& r, trace::clock unit, std::uint64_t time) {
    if (unit == trace::clock::none) return "";
    if (unit == trace::clock::target_ticks && !r.core_clock) return number(time);
    const double ticks_a_second = unit == trace::clock::microseconds ? 1e6 : *r.core_clock;
    return fmt::format("{:.6f}", static_cast<double>(time) / ticks_a_second);
}

std::string by_peak(const heap_report& r, const run& one) {
    std::vector<cells> rows;
    std::vector<std::uint64_t> bytes;
    for (const auto& [size, count] : one.details.live_at_peak()) {
        rows.push_back({number(size), number(count), number(size * count)});
        bytes.push_back(size * count);
    }
    return fmt::format("The peak was at {}:\n", place(r, one.details.peak(), one.details.unit())) +
           columns_with_bars(
               {"Block Size", "Live Blocks", "Bytes"}, std::move(rows), of_largest(bytes), r.how
           );
}

/// The region: how full it was, over time, and what fell into it.
std::string region_text(const heap_report& r, const usage::region_usage& region) {
    std::string text = fmt::format(
        "Region: {}, tags included. {} were taken, {} of them live at most at one time, {} ({})\n"
        "Largest hole when that was smallest: {}, after event {}\n\n",
        base::counted(region.bytes(), "byte"),
        base::counted(region.total(), "block"),
        region.max_load(),
        base::counted(region.peak_bytes(), "byte"),
        percent(region.peak_bytes(), region.bytes()),
        base::counted(region.least_hole(), "byte"),
        region.least_hole_event()
    );
    std::vector<cells> rows;
    std::vector<proportion> shares;
    for (const usage::region_stretch& s : region.history()) {
        rows.push_back({number(s.events), number(s.most_in_use), number(s.least_hole)});
        shares.push_back({.part = s.most_in_use, .whole = region.bytes()});
    }
    text += columns_with_bars(
        {"Up to Event", "Most in Use", "Least Largest Hole"}, std::move(rows), shares, r.how
    );
    rows.clear();
    for (const auto& [size, of_size] : region.requests())
        rows.push_back(
            {number(size),
             number(of_size.count),
             number(of_size.pool_full),
             number(of_size.count - of_size.pool_full)}
        );
    return text + "\nWhat fell into the region:\n" +
           columns(
               {"Block Size", "Allocations", "Pool Full", "No Pool"}, rows, SIZE_MAX, r.how.width
           );
}

std::string by_pool(const heap_report& r, const run& one) {
    std::string region = one.details.region().exists() ? region_text(r, one.details.region()) : "";
    if (one.heap && one.heap->is_foreign())
        return "This heap has no pools." + std::string(region.empty() ? "\n" : "\n" + region);
    if (one.details.pools().empty() && !region.empty()) return region;
    if (one.details.pools().empty()) return "This format does not say which pools there are.\n";
    std::vector<cells> rows;
    std::vector<proportion> shares;
    for (const usage::pool_usage& p : one.details.pools()) {
        shares.push_back({.part = p.max_load, .whole = p.pool.capacity});
        rows.push_back(
            {number(p.pool.block_size),
             number(p.pool.capacity),
             number(p.max_load),
             percent(p.max_load, p.pool.capacity),
             number(p.total),
             number(p.fell_over),
             number(p.fell_into)}
        );
    }
    return columns_with_bars(
               {"Pool", "Capacity", "Max Load", "Used", "Allocations", "Fell Over", "Fell Into"},
               std::move(rows),
               shares,
               r.how
           ) +
           (region.empty() ? "" : "\n" + region);
}

std::string by_lifetime(const heap_report& r, const run& one) {
    if (one.details.lifetimes_by_size().empty())
        return "No block was given back, or blocks have no identity in this format.\n";
    std::vector<cells> rows;
    rows.reserve(one.details.lifetimes_by_size().size());
    for (const auto& [size, l] : one.details.lifetimes_by_size())
        rows.push_back(
            {number(size),
             number(l.count),
             number(l.shortest),
             number(l.sum / l.count),
             number(l.longest),
             duration(r, one.details.unit(), l.longest_time)}
        );
    return "Lifetimes in events of the heap:\n" +
           columns(
               {"Block Size",
                "Blocks",
                "Shortest",
                "Mean",
                "Longest",
                heading(r, one.details.unit(), "Longest Time")},
               rows,
               SIZE_MAX,
               r.how.width
           );
}

std::string by_age(const heap_report& r, const run& one) {
    std::vector<usage::live_block> blocks = one.details.live_at_end();
    if (blocks.empty()) return "Nothing was live when the capture ended.\n";
    std::ranges::sort(blocks, {}, [](const usage::live_block& b) {
        return std::tuple(b.taken ? b.taken->event : 0, b.size, b.caller);
    });
    std::vector<cells> rows;
    rows.reserve(blocks.size());
    for (const usage::live_block& b : blocks)
        rows.push_back(
            {number(b.size),
             b.taken ? number(b.taken->event) : "?",
             b.taken ? number(one.details.events() - b.taken->event) : "?",
             b.taken ? duration(r, one.details.unit(), one.details.duration() - b.taken->time) : "",
             b.certain ? "certain" : "uncertain",
             caller_text(r, one, b.caller)}
        );
    return "Live when the capture ended, the oldest first:\n" +
           columns(
               {"Block Size",
                "Since Event",
                "Age",
                heading(r, one.details.unit(), "Time"),
                "",
                "Caller"},
               rows,
               5,
               r.how.width
           );
}

/// A table of who asked, the largest first, and the bytes of each row.
struct askers {
    std::vector<cells> rows;
    std::vector<std::uint64_t> bytes;

    void add(std::uint64_t of_row, cells row) {
        rows.push_back(std::move(row));
        bytes.push_back(of_row);
    }
};

/// The names are under the heading `who`. A wide terminal has bars of the bytes in front of them.
std::string to_text(const heap_report& r, askers all, const char* who) {
    constexpr std::size_t wide = 100;
    constexpr std::size_t length = 12;
    cells header{"Bytes", "Allocations", "Own Peak", "At Peak", "Live at End", "Failed", who};
    if (r.how.bars && r.how.width >= wide) {
        const std::uint64_t most = all.bytes.empty() ? 0 : std::ranges::max(all.bytes);
        header.insert(header.end() - 1, std::string(length, ' '));
        for (std::size_t i = 0; i < all.rows.size(); ++i) {
            std::string drawn = bar(all.bytes[i], most, length, r.how.utf8);
            drawn.append(length - base::count_characters(drawn), ' ');
            all.rows[i].insert(all.rows[i].end() - 1, std::move(drawn));
        }
    }
    return columns(header, all.rows, header.size() - 1, r.how.width);
}

/// What each of them asked for; `name` says who it is.
template <class Shares, class Name>
std::string shares(const heap_report& r, const Shares& all, const char* who, Name name) {
    askers found;
    for (const auto& [id, s] : usage::by_bytes(all))
        found.add(
            s.bytes,
            {number(s.bytes),
             number(s.count),
             number(s.peak_bytes),
             number(s.bytes_at_peak),
             number(s.live_bytes),
             number(s.failures),
             name(id)}
        );
    return to_text(r, std::move(found), who);
}

cells row_of(const caller_node& node, const std::string& indent) {
    const usage::share& s = node.sum;
    return {
        number(s.bytes),
        number(s.count),
        node.callers == 1 ? number(s.peak_bytes) : "",
        number(s.bytes_at_peak),
        number(s.live_bytes),
        number(s.failures),
        fmt::format("{}{}", indent, fmt::join(node.functions, " < "))
    };
}

/// The rows of those who called, further in by a step. Leaves out what is less than a hundredth of
/// `all`, unless everything is asked for.
void add_callers(
    const heap_report& r,
    const std::vector<caller_node>& nodes,
    std::uint64_t all,
    std::size_t depth,
    askers& to
) {
    const std::string indent = depth == 0 ? "" : std::string(2 * depth, ' ') + "< ";
    std::size_t left_out = 0;
    for (const caller_node& node : nodes) {
        const bool is_small = node.sum.bytes < all / 100 && node.sum.failures == 0;
        if (depth != 0 && is_small && !r.full) {
            ++left_out;
            continue;
        }
        to.add(node.sum.bytes, row_of(node, indent));
        add_callers(r, node.called_by, all, depth + 1, to);
    }
    if (left_out != 0)
        to.add(0, {"", "", "", "", "", "", fmt::format("{}{} more", indent, left_out)});
}

std::string by_caller(const heap_report& r, const run& one) {
    const auto& callers = one.details.callers();
    if (callers.empty() || (callers.size() == 1 && callers.contains(0)))
        return "This trace does not say who called.\n";
    const std::vector<caller_node> tree = caller_tree(r, one);
    std::uint64_t all = 0;
    for (const caller_node& node : tree)
        all += node.sum.bytes;
    askers found;
    add_callers(r, tree, all, 0, found);
    return to_text(r, std::move(found), "Caller");
}

std::string by_context(const heap_report& r, const run& one) {
    const auto& contexts = one.details.contexts();
    if (contexts.empty() || (contexts.size() == 1 && contexts.contains(trace::no_context)))
        return "This trace does not say in which context calls were made.\n";
    return shares(r, contexts, "Context", [&](std::uint16_t number) {
        std::string name = context_name(one, number);
        if (one.found.context_names.contains(number))
            name += fmt::format(" ({})", context_name(number));
        return name;
    });
}

std::string drawn(const usage::arena& arena) {
    constexpr std::size_t width = 64;
    constexpr std::size_t lines = 4;
    std::string text;
    const std::vector<double> used = arena.picture(width * lines);
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (i % width == 0) text += "  ";
        text += used[i] > 0.95 ? '#' : used[i] > 0.5 ? '+' : used[i] > 0.05 ? '-' : '.';
        if (i % width == width - 1) text += '\n';
    }
    return text;
}

std::string by_arena(const heap_report& r, const run& one) {
    const usage::arena& arena = one.arena;
    if (!arena.is_known())
        return "This trace does not say where blocks are, or is of a heap of ours, whose pools have no "
               "holes.\n";
    const usage::arena_moment& most = arena.highest();
    const usage::arena_moment& worst = arena.most_fragmented();
    const bool is_fragmented = worst.event != 0;
    const std::string text = fmt::format(
        "The heap spread over {} bytes, from its lowest byte ever to its highest, since event {}. Then:\n"
        "  {} bytes were asked for\n"
        "  {} bytes were headers and rounding, as far as neighbours show it\n"
        "  {} bytes were free in {}, the largest of {}\n"
        "Used (#), partly used (+ -) and free (.) then, {} bytes a sign:\n{}"
        "{}:\n",
        most.arena,
        most.event,
        most.live,
        most.overhead,
        most.free,
        base::counted(most.holes, "hole"),
        most.largest_hole,
        most.arena / 256,
        drawn(arena),
        is_fragmented
            ? fmt::format(
                  "Most bytes outside the largest hole: {} at event {}, {:.0f}% of what was free\n"
                  "Over the trace",
                  worst.scattered(),
                  worst.event,
                  100 * worst.fragmentation()
              )
            : "Over the trace, whose free bytes were always in one hole"
    );
    std::vector<usage::arena_moment> moments = arena.course();
    if (is_fragmented) moments.push_back(worst);
    std::ranges::stable_sort(moments, {}, &usage::arena_moment::event);
    std::vector<cells> rows;
    rows.reserve(moments.size());
    for (const usage::arena_moment& m : moments)
        rows.push_back(
            {number(m.event),
             number(m.arena),
             number(m.live),
             number(m.overhead),
             number(m.free),
             number(m.largest_hole),
             fmt::format("{:.0f}%", 100 * m.fragmentation())}
        );
    return text +
           columns(
               {"Event", "Spread", "Asked For", "Headers", "Free", "Largest Hole", "Fragmentation"},
               rows,
               SIZE_MAX,
               r.how.width
           );
}

struct way_to_look {
    std::string_view name;
    std::string (*text)(const heap_report&, const run&);
};

constexpr std::array ways{
    way_to_look{"age", by_age},
    way_to_look{"arena", by_arena},
    way_to_look{"caller", by_caller},
    way_to_look{"context", by_context},
    way_to_look{"lifetime", by_lifetime},
    way_to_look{"peak", by_peak},
    way_to_look{"pool", by_pool},
};

} // namespace

std::vector<std::string> section_names() {
    std::vector<std::string> names;
    names.reserve(ways.size());
    for (const way_to_look& way : ways)
        names.emplace_back(way.name);
    return names;
}

std::string section(const heap_report& r, std::string_view name) {
    const auto way = std::ranges::find(ways, name, &way_to_look::name);
    if (way == ways.end()) return {};
    std::string text;
    for (const run& one : r.runs) {
        text += '\n';
        if (r.runs.size() > 1) text += one.file + ":\n";
        text += way->text(r, one);
    }
    return text;
}

} // namespace drone::report
