// SPDX-License-Identifier: MIT

// Any text as what devices report: no crash, a peak of each device for each pool, and no capacity
// below a peak that it is to hold.

#include "fuzz/trace_checking.hpp"
#include "usage/fleet.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const drone::usage::fleet made = drone::usage::read_fleet(drone::trace::fuzz_text(data, size));
    for (const drone::usage::fleet_pool& pool : made.pools)
        if (pool.block == 0 || pool.peaks.size() != made.devices || pool.exhausted > made.devices ||
            !std::ranges::is_sorted(pool.peaks) || pool.capacity(0) != pool.peaks.back())
            std::abort();
    return 0;
}
