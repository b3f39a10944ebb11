// SPDX-License-Identifier: MIT
#pragma once

// Where a region is, and how its free blocks are searched, fixed when the program is compiled.

#include <drone/bits.hpp>
#include <drone/region_layout.hpp>

#include <cstdint>
#include <type_traits>

namespace drone {

/// The place of a region that is fixed when the program is compiled.
template <const auto& Layout>
struct static_region_place {
    static constexpr bool exists = Layout.region.granules != 0;
    /// What numbers a granule.
    using index =
        std::conditional_t<(Layout.region.last() < UINT16_MAX), std::uint16_t, std::uint32_t>;

    [[nodiscard]] static constexpr const region_layout& layout() noexcept { return Layout.region; }
    [[nodiscard, gnu::always_inline]] static std::uint32_t bin_of(std::uint32_t granules) noexcept {
        return bins.of(granules);
    }

private:
    using counted =
        std::conditional_t<bits::for_size, static_region_bins<Layout.region.granules>, region_bins>;
    using bin_search =
        std::conditional_t<bits::counts_zeros, counted, tabled_region_bins<Layout.region.granules>>;
    static constexpr bin_search bins{Layout.region.granules};
};

} // namespace drone
