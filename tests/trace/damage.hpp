// SPDX-License-Identifier: MIT
#pragma once

// What captures do to a trace, and what must hold of what is read from it then. For traces of our heaps and of others.

#include "trace/findings.hpp"
#include "trace_writer.hpp"

#include <drone/wire.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace drone::trace {

/// Out: `found`, and `certain`, the live blocks that are said to be certain, with what they hold. Truth:
/// `double_frees`, and `live_at`, the live blocks by count of events, where the trace has a check.
template <class Out, class Truth>
void expect_nothing_false(const Out& out, const Truth& truth) {
    // What a probe sends twice, from its start on, looks like a second start.
    EXPECT_LE(out.found.double_frees, truth.double_frees * (1 + out.found.restarts));
    if (truth.double_frees == 0) {
        EXPECT_EQ(out.found.contradictions, 0);
    }
    if (out.certain.empty()) return;
    const auto [first, last] = truth.live_at.equal_range(out.found.checked_until);
    EXPECT_TRUE(std::any_of(
        first,
        last,
        [&](const auto& then) {
            return std::ranges::all_of(out.certain, [&](const auto& block) {
                const auto live = then.second.find(block.first);
                return live != then.second.end() && live->second == block.second;
            });
        }
    )) << "what is said to be live after event "
       << out.found.checked_until << " was not";
}

/// Damages the bytes of a trace in one of the ways in which captures do; parts of words, which make words
/// that only a digest sees, where `parts`. True when only a digest sees it. Random: below(), chance().
template <class Random>
bool damage(std::string& bytes, Random& random, bool parts) {
    const auto gap = [&](std::size_t at, wire::gap_reason reason, std::uint32_t lost) {
        bytes.insert(at, bytes_of({wire::make_gap(reason, lost)}));
    };
    const auto words = static_cast<std::uint32_t>(bytes.size() / 4);
    const std::size_t at = random.below(words - 8) * std::size_t{4};
    const std::size_t length = 1 + random.below(random.chance(3) ? 80 : 4);
    switch (random.below(6)) {
    case 0: { // dropped
        const std::size_t part = parts && random.chance(4) ? 1 + random.below(3) : 0;
        bytes.erase(at + part, length * 4 - part);
        if (part == 0 && random.chance(2)) gap(at, wire::gap_reason::overflow, 0);
        return false;
    }
    case 1: // a buffer sent twice
        bytes.insert(at, bytes.substr(at, 4 * (1 + random.below(random.chance(2) ? 4 : 200))));
        return false;
    case 2: { // cut off; at the front in the middle of a word, as above
        const std::size_t cut = random.below(200) % bytes.size();
        if (random.chance(2))
            bytes.resize(bytes.size() - cut);
        else
            bytes.erase(0, parts ? cut : cut & ~std::size_t{3});
        return false;
    }
    case 3: // overflow packets where nothing of this port was lost
        for (std::size_t i = 0; i < length; ++i)
            gap(random.below(words) * std::size_t{4}, wire::gap_reason::overflow, 0);
        return false;
    case 4: // bytes that are not a packet
        gap(at, random.chance(2) ? wire::gap_reason::malformed : wire::gap_reason::transport, 5);
        return false;
    default: // flipped
        for (std::size_t i = 0; i < 1 + length % 3; ++i)
            bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^=
                static_cast<char>(1U << random.below(8));
        return true;
    }
}

} // namespace drone::trace
