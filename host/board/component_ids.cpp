// SPDX-License-Identifier: MIT

#include "board/component_ids.hpp"

#include "board/memory_map.hpp"

#include <algorithm>
#include <array>

namespace drone::board {
namespace {

struct component {
    std::uint32_t base;
    std::uint64_t peripheral_id; ///< PIDR0 is the lowest byte, PIDR4 the fifth
    std::uint8_t component_class;
};

constexpr std::uint8_t generic = 0xE;
constexpr std::uint8_t debug_component = 0x9;

constexpr std::array components{
    component{itm_base, 0x04'003B'B001, generic},
    component{dwt_base, 0x04'003B'B002, generic},
    component{fpb_base, 0x04'002B'B003, generic},
    component{scs_base, 0x04'000B'B00C, generic},
    component{tpiu_base, 0x04'000B'B9A1, debug_component},
    component{rom_table_base, 0x00'000A'0413, 1}, // ST, 0x413
};

/// In the order of Arm's own table; the lowest bit says that the component is there.
constexpr std::array<std::uint32_t, 5> table{scs_base, dwt_base, fpb_base, itm_base, tpiu_base};
constexpr std::uint32_t memory_type = 0xFCC; // the system bus is reached through the same port

} // namespace

std::optional<std::uint32_t> component_id(std::uint32_t address) {
    const std::uint32_t offset = address & (peripheral_page - 1);
    const std::uint32_t base = address - offset;
    if (base == rom_table_base) {
        if (offset / 4 < table.size()) return ((table[offset / 4] - base) & ~0xFFFU) | 3U;
        if (offset == memory_type) return 1;
    }
    const auto found = std::ranges::find(components, base, &component::base);
    if (found == components.end() || offset < 0xFD0) return std::nullopt;
    const unsigned index = (offset - 0xFD0) / 4;
    if (index < 4) return index == 0 ? found->peripheral_id >> 32U & 0xFFU : 0U;
    if (index < 8) return found->peripheral_id >> 8U * (index - 4) & 0xFFU;
    const std::array<std::uint8_t, 4> preamble{
        0x0D, static_cast<std::uint8_t>(found->component_class << 4U), 0x05, 0xB1
    };
    return preamble[index - 8];
}

} // namespace drone::board
