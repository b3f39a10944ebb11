// SPDX-License-Identifier: MIT
#pragma once

// What many devices report of their pools, and the capacities that serve most of them.
//
// A capacity is an order statistic of the peaks: at most so many devices of the sample needed more.
// What the sample supports is then free of any distribution. The part e of all devices that need
// more than the (n - r)-th of n peaks is, with confidence 1 - a, at most the e for which
// P(Binomial(n, e) <= r) = a. Of several pools, each is asked for a / pools, and the parts are added
// up. That holds for devices drawn at random from the fleet; of worse days it says nothing.

#include "base/error.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace drone::usage {

/// A pool over the devices that reported.
struct fleet_pool {
    std::uint32_t block = 0;          ///< bytes
    std::vector<std::uint32_t> peaks; ///< blocks, one a device, ascending
    std::uint64_t exhausted = 0;      ///< devices that had requests which found it exhausted

    /// The least capacity that all but `above` of the devices stay within. Requires above < devices.
    [[nodiscard]] std::uint32_t capacity(std::uint64_t above) const {
        return peaks[peaks.size() - 1 - above];
    }
};

/// What the lines say.
struct fleet {
    std::vector<fleet_pool> pools; ///< by block
    std::uint64_t devices = 0;
    std::uint64_t damaged = 0; ///< lines that say nothing
};

/// Reads JSON Lines: {"device": NAME, "pools": [{"block": N, "peak": N, "missed": N}, ...]}, NAME a
/// string or a number. Of several lines of one device the largest peaks count; a line without a device
/// is one of its own. A device that does not name a pool needs none of its blocks. `missed` may be
/// left out. A line with anything else in these places says nothing.
[[nodiscard]] fleet read_fleet(std::string_view lines);

/// The largest part of all devices that, with that confidence, may be above what `above` of `devices`
/// in the sample are above. 0 to 1.
[[nodiscard]] double part_above(std::uint64_t devices, std::uint64_t above, double confidence);

} // namespace drone::usage
