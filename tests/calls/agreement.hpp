// SPDX-License-Identifier: MIT
#pragma once

// Whether a trace tells what the logged calls did: each event once, while its call was under way.

#include "faces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace drone::calls {

inline std::string describe(const heap_event& e) {
    constexpr std::array names{"allocate", "deallocate", "resize", "failed"};
    return fmt::format(
        "{} offset {} size {} alignment {} caller {:#x} context {}",
        names[static_cast<std::size_t>(e.what)],
        e.offset,
        e.size,
        1U << e.alignment_log2,
        e.caller,
        e.context
    );
}

inline std::string describe(const logged_call& call) {
    return fmt::format(
        "{}({:#x}, {:#x}, {:#x}) = {:#x} from {:#x} in exception {}, instructions {} to {}",
        call.called().symbol,
        call.argument(0),
        call.seen.arguments[1],
        call.seen.arguments[2],
        call.block,
        call.seen.caller,
        call.seen.exception,
        call.seen.entered,
        call.seen.returned
    );
}

/// The first thing in which the trace and the calls disagree; empty when they agree. `calls` by
/// time of entry, `events` as they stood on the wire.
///
/// Agreement is an assignment of the events to the calls, one to one, in which the events of a call
/// keep their order and an event never stands behind one of a call that was entered after its own
/// had returned. Equal events go to the calls in the order of their entries, which finds such an
/// assignment where calls that overlap make no equal events (program.cpp sees to that), or, of
/// deallocations, where each must precede the next taking of its block.
inline std::string disagreement(
    std::span<const logged_call> calls, std::span<const heap_event> events, std::uint32_t arena
) {
    struct expected {
        const logged_call* call;
        std::size_t place; ///< among the events of its call
    };
    std::map<heap_event, std::deque<expected>> open;
    for (const logged_call& call : calls) {
        std::size_t place = 0;
        for (const heap_event& e : events_of(call, arena))
            open[e].push_back({&call, place++});
    }

    std::map<const logged_call*, std::size_t> told; // of calls with several events
    const logged_call* latest = nullptr;            // of those told so far, by entry
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto found = open.find(events[i]);
        if (found == open.end())
            return fmt::format("event {}: {}: no call made it", i, describe(events[i]));
        const auto [call, place] = found->second.front();
        found->second.pop_front();
        if (found->second.empty()) open.erase(found);
        if (told[call]++ != place)
            return fmt::format(
                "event {}: {}: out of order in {}", i, describe(events[i]), describe(*call)
            );
        if (latest != nullptr && latest->seen.entered >= call->seen.returned)
            return fmt::format(
                "event {}: {}: of {}\nbut an event of a later call came before: {}",
                i,
                describe(events[i]),
                describe(*call),
                describe(*latest)
            );
        if (latest == nullptr || call->seen.entered > latest->seen.entered) latest = call;
    }
    if (!open.empty()) {
        const auto& [event, by] = *open.begin();
        return fmt::format("no event {} of {}", describe(event), describe(*by.front().call));
    }
    return {};
}

} // namespace drone::calls
