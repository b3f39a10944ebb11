// SPDX-License-Identifier: MIT

#include "report/remarks.hpp"

#include "base/counted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace drone::report {

namespace {

constexpr std::size_t rows_shown = 8;

using base::counted;

/// Sums of what the readers found.
trace::findings sum(const std::vector<run>& runs) {
    trace::findings all;
    for (const run& r : runs) {
        const trace::findings& f = r.found;
        all.events += f.events;
        all.lost_events += f.lost_events;
        all.gaps += f.gaps;
        all.damaged += f.damaged;
        all.unchecked_events += f.unchecked_events;
        all.repeated += f.repeated;
        all.failures += f.failures;
        all.freed_unknown += f.freed_unknown;
        all.double_frees += f.double_frees;
        all.contradictions += f.contradictions;
        all.suspected_failures += f.suspected_failures;
        all.suspected_double_frees += f.suspected_double_frees;
        all.dropped_by_target += f.dropped_by_target;
        if (!all.first_double_free) all.first_double_free = f.first_double_free;
    }
    return all;
}

std::string gap_lines(const trace::findings& all) {
    std::string text;
    if (all.gaps != 0) {
        text += fmt::format(
            "Gaps: {}, {} lost{}; figures across a gap are uncertain\n",
            all.gaps,
            all.lost_events != 0 ? counted(all.lost_events, "event")
                                 : "an unknown number of events",
            all.dropped_by_target != 0
                ? fmt::format(" ({} dropped by the target)", all.dropped_by_target)
                : ""
        );
    }
    if (all.damaged != 0)
        text += fmt::format("Damaged: {}, ignored\n", counted(all.damaged, "record"));
    if (all.repeated != 0)
        text += fmt::format("Repeated: {}, read once\n", counted(all.repeated, "word"));
    return text;
}

std::string live_lines(const usage::statistics& usage, const trace::findings& found) {
    usage::leftover all;
    std::uint64_t bytes = 0;
    for (const auto& [size, left] : usage.leftovers()) {
        all.blocks += left.blocks;
        all.certain += left.certain;
        bytes += size * left.blocks;
    }
    if (all.blocks == 0) return {};
    std::string text = fmt::format(
        "Live when the capture ended: {} of {}",
        counted(all.blocks, "block"),
        counted(bytes, "byte")
    );
    if (all.certain != all.blocks)
        text += fmt::format(
            ", {} of them certain: {}",
            all.certain,
            found.gaps == 0 && found.damaged == 0
                ? fmt::format(
                      "the trace has no check after its last {}",
                      found.unchecked_events > 1 ? counted(found.unchecked_events, "event")
                                                 : "event"
                  )
                : "the rest may have been freed where the trace could not be checked"
        );
    text += '\n';
    std::size_t shown = 0;
    for (const auto& [size, left] : usage.leftovers()) {
        if (shown++ == rows_shown) {
            text += fmt::format(
                "  and {} more\n", counted(usage.leftovers().size() - rows_shown, "size")
            );
            break;
        }
        text += fmt::format("  {} of {}\n", counted(left.blocks, "block"), counted(size, "byte"));
    }
    return text;
}

/// Whether the entry of heap_report::permanent is a size that was asked for, or a function that asked.
bool names_something(const heap_report& r, const std::string& entry) {
    const auto is_size = [&](const usage::size_usage& row) {
        return is_named(entry, row.size, {});
    };
    if (std::ranges::any_of(r.usage.rows(), is_size)) return true;
    return std::ranges::any_of(r.runs, [&](const run& one) {
        return std::ranges::any_of(one.details.callers(), [&](const auto& caller) {
            return is_named(entry, 0, r.names(one, caller.first));
        });
    });
}

/// What Drone.toml calls permanent, of what is live.
std::string permanent_line(const heap_report& r) {
    if (r.permanent.empty()) return {};
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    for (const run& one : r.runs)
        for (const usage::live_block& b : one.details.live_at_end()) {
            if (!is_permanent(r, b.size, r.names(one, b.caller))) continue;
            ++blocks;
            bytes += b.size;
        }
    std::string text = fmt::format(
        "  permanent, as Drone.toml says: {} of {}\n",
        counted(blocks, "block"),
        counted(bytes, "byte")
    );
    for (const std::string& entry : r.permanent)
        if (!names_something(r, entry))
            text += fmt::format(
                "  no size and no function of this trace is \"{}\", which Drone.toml calls permanent\n",
                entry
            );
    return text;
}

/// A rate to three digits.
std::string rate(double value) {
    return value < 100 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
}

/// Rates of a growth, for what the trace can count in.
std::string rate_text(const heap_report& r, const run& one, const usage::growth& g) {
    const double of_run = g.grew.per_run();
    std::string text = fmt::format(
        "{} more in 1000 events", rate(1000 * of_run / static_cast<double>(one.found.events))
    );
    const trace::clock unit = one.details.unit();
    const double ticks_a_second = unit == trace::clock::microseconds ? 1e6
                                  : unit == trace::clock::target_ticks && r.core_clock
                                      ? static_cast<double>(*r.core_clock)
                                      : 0;
    if (ticks_a_second <= 0) return text;
    // A run says nothing of a time that is longer than itself.
    const double seconds = static_cast<double>(one.details.duration()) / ticks_a_second;
    const std::string_view whose = unit == trace::clock::microseconds ? "host" : "target";
    if (seconds >= 60)
        text +=
            fmt::format(", {} in a minute of the {}'s clock", rate(60 * of_run / seconds), whose);
    else if (seconds >= 1)
        text += fmt::format(", {} in a second of the {}'s clock", rate(of_run / seconds), whose);
    return text;
}

std::string leak_lines(const heap_report& r) {
    std::string text;
    std::size_t leaks = 0;
    for (const run& one : r.runs)
        for (const usage::growth& g : one.growing) {
            const std::vector<std::string> names = r.names(one, g.caller);
            if (is_permanent(r, g.size.value_or(0), names)) continue;
            if (++leaks > rows_shown) continue;
            text += fmt::format(
                "  {}{}{}: from {} to {} live, {}; {} (rose in {} of {} parts of the run, never "
                "fell)\n",
                g.size ? fmt::format("blocks of {}", counted(*g.size, "byte"))
                       : "blocks of many sizes",
                g.caller == 0 ? "" : " from ",
                g.caller == 0 ? std::string() : caller_text(r, one, g.caller),
                g.grew.first,
                g.grew.last,
                rate_text(r, one, g),
                is_certain(one, g) ? "sure" : "suspected",
                g.grew.rises,
                g.grew.steps
            );
        }
    if (leaks == 0) return {};
    if (leaks > rows_shown)
        text += fmt::format("  and {} more\n", counted(leaks - rows_shown, "kind"));
    return "Leaks: the live count keeps growing\n" + text;
}

/// Bytes of the largest block that any run's heap could hand out; no limit where that is not known.
std::uint64_t largest_block(const std::vector<run>& runs) {
    std::uint64_t largest = 0;
    for (const run& one : runs) {
        if (!one.heap || one.heap->region.units != 0 || one.heap->pools.empty()) return UINT64_MAX;
        for (const trace::traced_pool& pool : one.heap->pools)
            largest = std::max<std::uint64_t>(largest, pool.block_size);
    }
    return runs.empty() ? UINT64_MAX : largest;
}

std::string
failure_lines(const usage::statistics& usage, const trace::findings& all, std::uint64_t largest) {
    if (all.failures == 0) return {};
    std::string text = fmt::format("Failed requests: {}", all.failures);
    if (all.suspected_failures != 0)
        text += fmt::format(
            ", {} of them suspected, which damaged words could also make", all.suspected_failures
        );
    text += "\n";
    const bool some_fit = std::ranges::any_of(usage.refusals(), [largest](const auto& refused) {
        return refused.first <= largest;
    });
    if (usage.rows().empty() && some_fit)
        text += "  no request was ever served: does start-up run .preinit_array?\n";
    std::size_t shown = 0;
    for (const auto& [size, refused] : usage.refusals()) {
        if (shown++ == rows_shown) {
            text += fmt::format(
                "  and {} more\n", counted(usage.refusals().size() - rows_shown, "size")
            );
            break;
        }
        text += fmt::format(
            "  {} of {}{}, the first after event {} with {} in {} live{}\n",
            refused.count,
            refused.at_least ? "at least " : "",
            counted(size, "byte"),
            refused.first_event,
            counted(refused.live_bytes, "byte"),
            counted(refused.live_blocks, "block"),
            size > largest ? fmt::format(": the largest block has {}", largest) : ""
        );
    }
    return text;
}

std::string wrong_free_lines(const trace::findings& all, bool is_foreign) {
    std::string text;
    if (all.double_frees != 0) text += fmt::format("Double frees: {}\n", all.double_frees);
    const std::string first = !all.first_double_free ? ""
                                                     : fmt::format(
                                                           "  the first at event {}: {}\n",
                                                           all.first_double_free->event,
                                                           all.first_double_free->block
                                                       );
    if (all.double_frees != 0) text += first;
    if (all.contradictions != 0)
        text += fmt::format(
            "Blocks handed out while in use: {}, as after a double free\n", all.contradictions
        );
    if (all.suspected_double_frees != 0)
        text += fmt::format(
            "Suspected double frees: {}; lost or damaged words could also be the cause\n",
            all.suspected_double_frees
        );
    if (all.suspected_double_frees != 0 && all.double_frees == 0) text += first;
    if (all.freed_unknown != 0)
        text += fmt::format(
            "Frees of blocks that were taken before the capture began{}: {}\n",
            is_foreign ? ", in a gap, or by a call that is not traced (memalign?)"
                       : ", or in a gap",
            all.freed_unknown
        );
    return text;
}

} // namespace

std::string remarks(const heap_report& r) {
    const trace::findings all = sum(r.runs);
    const bool is_foreign = std::ranges::any_of(r.runs, [](const run& one) {
        return one.heap && one.heap->is_foreign();
    });
    return gap_lines(all) + live_lines(r.usage, all) + permanent_line(r) + leak_lines(r) +
           failure_lines(r.usage, all, largest_block(r.runs)) + wrong_free_lines(all, is_foreign);
}

} // namespace drone::report
