// SPDX-License-Identifier: MIT

#include "report/remarks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace drone::report {

namespace {

constexpr std::size_t rows_shown = 8;

/// `1 block`, `2 blocks`.
std::string counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Sums of what the readers found.
trace::findings sum(const std::vector<run>& runs) {
    trace::findings all;
    for (const run& r : runs) {
        const trace::findings& f = r.found;
        all.events += f.events;
        all.lost_events += f.lost_events;
        all.gaps += f.gaps;
        all.damaged += f.damaged;
        all.repeated += f.repeated;
        all.failures += f.failures;
        all.freed_unknown += f.freed_unknown;
        all.double_frees += f.double_frees;
        all.suspected_double_frees += f.suspected_double_frees;
        all.dropped_by_target += f.dropped_by_target;
    }
    return all;
}

std::string gap_lines(const trace::findings& all) {
    std::string text;
    if (all.gaps != 0) {
        text += fmt::format(
            "Gaps: {}, {} lost{}; figures across a gap are uncertain\n",
            all.gaps,
            all.lost_events != 0 ? counted(all.lost_events, "event") : "unknown how many events",
            all.dropped_by_target != 0
                ? fmt::format(" ({} dropped by the target)", all.dropped_by_target)
                : ""
        );
    }
    if (all.damaged != 0)
        text += fmt::format("Damaged: {}, left out\n", counted(all.damaged, "record"));
    if (all.repeated != 0)
        text += fmt::format("Repeated: {}, read once\n", counted(all.repeated, "word"));
    return text;
}

/// Blocks of one size that are live at the end.
struct leftover {
    std::uint64_t blocks = 0;
    std::uint64_t certain = 0;
    std::uint64_t oldest = UINT64_MAX; ///< change
};

std::string live_lines(const std::vector<run>& runs) {
    std::map<std::uint32_t, leftover> by_size;
    leftover all;
    std::uint64_t bytes = 0;
    for (const run& r : runs) {
        for (const trace::live_block& block : r.details.live_at_end()) {
            leftover& of_size = by_size[block.size];
            ++of_size.blocks;
            ++all.blocks;
            bytes += block.size;
            if (block.certain) ++of_size.certain, ++all.certain;
            if (block.taken) of_size.oldest = std::min(of_size.oldest, block.taken->change);
        }
    }
    if (all.blocks == 0) return {};
    std::string text = fmt::format(
        "Leaks: {} of {} still live at the end{}\n",
        counted(all.blocks, "block"),
        counted(bytes, "byte"),
        all.certain == all.blocks ? ""
                                  : fmt::format(
                                        ", {} for certain: the rest may have been given back where "
                                        "the trace could not be checked",
                                        all.certain
                                    )
    );
    std::size_t shown = 0;
    for (const auto& [size, of_size] : by_size) {
        if (shown++ == rows_shown) {
            text += fmt::format("  and {} more\n", counted(by_size.size() - rows_shown, "size"));
            break;
        }
        text += fmt::format("  {} of {}", counted(of_size.blocks, "block"), counted(size, "byte"));
        if (of_size.oldest != UINT64_MAX)
            text += fmt::format(", the oldest since event {}", of_size.oldest);
        text += '\n';
    }
    return text;
}

std::string failure_lines(const heap_report& r, const trace::findings& all) {
    if (all.failures == 0) return {};
    std::string text = fmt::format("Failed requests: {}\n", all.failures);
    for (const run& one : r.runs) {
        std::size_t shown = 0;
        for (const auto& [size, count] : one.details.failures_by_size()) {
            if (shown++ == rows_shown) break;
            text += fmt::format("  {} of {}", count, counted(size, "byte"));
            const auto& kept = one.details.failures();
            const auto first = std::ranges::find(kept, size, &trace::failed_request::size);
            if (first != kept.end())
                text += fmt::format(
                    ", the first after event {} with {} in {} live",
                    first->when.change,
                    counted(first->live_bytes, "byte"),
                    counted(first->live_blocks, "block")
                );
            text += '\n';
        }
    }
    return text;
}

std::string wrong_free_lines(const trace::findings& all) {
    std::string text;
    if (all.double_frees != 0) text += fmt::format("Double frees: {}\n", all.double_frees);
    if (all.suspected_double_frees != 0)
        text += fmt::format(
            "Suspected double frees: {}, which lost or damaged words could also make\n",
            all.suspected_double_frees
        );
    if (all.freed_unknown != 0)
        text += fmt::format(
            "Frees of blocks that were taken before the capture began, or in a gap: {}\n",
            all.freed_unknown
        );
    return text;
}

std::string fall_over_line(const std::vector<run>& runs) {
    std::uint64_t fall_overs = 0;
    for (const run& r : runs)
        for (const trace::pool_usage& pool : r.details.pools())
            fall_overs += pool.fall_overs;
    if (fall_overs == 0) return {};
    return fmt::format("Fall-overs into a larger pool: {} (see --by pool)\n", fall_overs);
}

} // namespace

std::string remarks(const heap_report& r) {
    const trace::findings all = sum(r.runs);
    return gap_lines(all) + live_lines(r.runs) + failure_lines(r, all) + wrong_free_lines(all) +
           fall_over_line(r.runs);
}

} // namespace drone::report
