// SPDX-License-Identifier: MIT

#include "report/call_sites.hpp"

#include "base/bytes.hpp"

namespace drone::report {

namespace {

/// The `Number` that ends `before_end` bytes before the address.
template <class Number>
Number back(std::span<const std::byte> before, std::size_t from) {
    return base::load_le<Number>(before.last(from).data());
}

/// Thumb: BL and BLX (immediate), 32 bits; BLX (register), 16 bits. ARMv7-M A7.7.18, A7.7.19.
bool arm(std::span<const std::byte> before) {
    if (before.size() < 2) return false;
    if ((back<std::uint16_t>(before, 2) & 0xFF87U) == 0x4780U) return true;
    if (before.size() < 4) return false;
    const bool prefix = (back<std::uint16_t>(before, 4) & 0xF800U) == 0xF000U;
    const unsigned low = back<std::uint16_t>(before, 2);
    return prefix && ((low & 0xD000U) == 0xD000U || (low & 0xD001U) == 0xC000U);
}

/// JAL and JALR that link to ra or t0; C.JAL and C.JALR.
bool riscv(std::span<const std::byte> before) {
    if (before.size() < 2) return false;
    const unsigned half = back<std::uint16_t>(before, 2);
    const bool jalr_short = (half & 0xF07FU) == 0x9002U && (half & 0x0F80U) != 0;
    const bool jal_short = (half & 0xE003U) == 0x2001U;
    if (jalr_short || jal_short) return true;
    if (before.size() < 4) return false;
    const auto word = back<std::uint32_t>(before, 4);
    const unsigned links = word >> 7U & 0x1FU;
    const bool jal = (word & 0x7FU) == 0x6FU;
    const bool jalr = (word & 0x707FU) == 0x67U;
    return (jal || jalr) && (links == 1 || links == 5);
}

/// CALL rel32, and CALL r/m with its addressing forms of two to seven bytes.
bool x86(std::span<const std::byte> before) {
    if (before.size() >= 5 && back<std::uint8_t>(before, 5) == 0xE8U) return true;
    for (const std::size_t length : {2U, 3U, 4U, 6U, 7U}) {
        if (before.size() < length || back<std::uint8_t>(before, length) != 0xFFU) continue;
        if ((back<std::uint8_t>(before, length - 1) >> 3U & 7U) == 2) return true;
    }
    return false;
}

} // namespace

bool ends_with_call(machine of, std::span<const std::byte> before) {
    switch (of) {
    case machine::arm:
        return arm(before);
    case machine::riscv:
        return riscv(before);
    case machine::x86:
        return x86(before);
    default:
        return false;
    }
}

} // namespace drone::report
