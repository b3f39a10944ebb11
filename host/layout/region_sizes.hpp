// SPDX-License-Identifier: MIT
#pragma once

// Which sizes of a region count beside given pools: those that hold every run as traced and in other
// orders, and at larger sizes, too (overflow_plan.hpp says why). Replays are what it costs, so none is
// made twice, and most end at the first failure or say what would have prevented it (trials::needed).

#include "layout/trials.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace drone::layout {

/// Bytes as a multiple of the region's granule, no fewer.
[[nodiscard]] inline std::uint32_t in_granules(std::uint64_t bytes) {
    const std::uint64_t rounded = (bytes + region_granule - 1) / region_granule * region_granule;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rounded, UINT32_MAX - 7));
}

/// Sizes of the region in a heap. Refers to the runs.
class region_sizes {
public:
    /// How hard to try.
    struct effort {
        std::uint32_t orders = 20; ///< beside the traced one
        std::uint32_t longest_step =
            200; ///< from a size that fails to the next: the region over it
    };

    region_sizes(const trials& tried, std::uint32_t alignment, effort hard)
        : trials_(tried), alignment_(alignment), effort_(hard) {}

    /// That a size must hold, the traced one included.
    [[nodiscard]] std::uint32_t orders() const { return effort_.orders + 1; }

    /// Whether a region of so many bytes holds that order; 0 is the traced one.
    [[nodiscard]] bool
    hold(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order) const;
    /// Whether it holds so many orders beside the traced one.
    [[nodiscard]] bool hold_in_orders(
        std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t orders
    ) const;

    /// Of a region that grows from that many bytes on, the bytes in the end. 0: too many.
    [[nodiscard]] std::uint32_t
    needed(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order) const;
    /// The same in the traced order, up to that many bytes, with the requests that pools serve.
    [[nodiscard]] std::optional<trials::need> needed_as_traced(
        std::span<const pool_spec> pools, std::uint32_t region, std::uint64_t limit
    ) const;

    /// The least region, by strides from one down, from which on all hold a few orders. A region that
    /// grew was often too full to place blocks well. None below `least` is tried.
    [[nodiscard]] std::uint32_t
    descended(std::span<const pool_spec> pools, std::uint32_t from, std::uint32_t least) const;

    /// The least region found from one on that counts. 0: none below the limit does.
    [[nodiscard]] std::uint32_t
    counting(std::span<const pool_spec> pools, std::uint32_t region, std::uint64_t limit) const;

private:
    [[nodiscard]] tried_heap heap_of(std::span<const pool_spec> pools, std::uint32_t region) const {
        return {.pools = pools, .alignment = alignment_, .region_bytes = region};
    }
    [[nodiscard]] std::uint32_t least_in_orders(
        std::span<const pool_spec> pools,
        std::uint32_t region,
        std::uint32_t& order,
        std::uint64_t limit
    ) const;
    [[nodiscard]] std::uint32_t grown(
        std::span<const pool_spec> pools,
        std::uint32_t region,
        std::uint32_t order,
        std::uint64_t limit
    ) const;
    [[nodiscard]] std::uint32_t
    largest_failing(std::span<const pool_spec> pools, std::uint32_t region) const;

    const trials& trials_;
    std::uint32_t alignment_;
    effort effort_;
};

} // namespace drone::layout
