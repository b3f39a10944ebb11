// SPDX-License-Identifier: MIT

#include "frames/call_sites.hpp"

#include "base/bytes.hpp"

namespace drone::frames {

namespace {

/// The `Number` that ends `before_end` bytes before the address.
template <class Number>
Number back(std::span<const std::byte> before, std::size_t from) {
    return base::load_le<Number>(before.last(from).data());
}

/// Thumb: BLX (register), 16 bits. ARMv7-M A7.7.19.
bool arm_short(unsigned half) { return (half & 0xFF87U) == 0x4780U; }

/// BL and BLX (immediate), 32 bits. A7.7.18.
bool arm_long(unsigned high, unsigned low) {
    return (high & 0xF800U) == 0xF000U &&
           ((low & 0xD000U) == 0xD000U || (low & 0xD001U) == 0xC000U);
}

bool arm(std::span<const std::byte> before) {
    if (before.size() < 2) return false;
    const unsigned low = back<std::uint16_t>(before, 2);
    if (arm_short(low)) return true;
    return before.size() >= 4 && arm_long(back<std::uint16_t>(before, 4), low);
}

/// C.JAL and C.JALR.
bool riscv_short(unsigned half) {
    const bool jalr = (half & 0xF07FU) == 0x9002U && (half & 0x0F80U) != 0;
    return jalr || (half & 0xE003U) == 0x2001U;
}

/// JAL and JALR that link to ra or t0.
bool riscv_long(std::uint32_t word) {
    const unsigned links = word >> 7U & 0x1FU;
    const bool jal = (word & 0x7FU) == 0x6FU;
    const bool jalr = (word & 0x707FU) == 0x67U;
    return (jal || jalr) && (links == 1 || links == 5);
}

bool riscv(std::span<const std::byte> before) {
    if (before.size() < 2) return false;
    if (riscv_short(back<std::uint16_t>(before, 2))) return true;
    return before.size() >= 4 && riscv_long(back<std::uint32_t>(before, 4));
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

std::size_t instruction_length(machine of, std::uint16_t first_half) {
    const bool is_long = of == machine::arm ? first_half >> 11U >= 0x1DU : (first_half & 3U) == 3;
    return is_long ? 4 : 2;
}

bool is_call(machine of, std::span<const std::byte> instruction) {
    const bool is_short = instruction.size() == 2;
    const unsigned low = back<std::uint16_t>(instruction, 2);
    if (of == machine::arm)
        return is_short ? arm_short(low) : arm_long(back<std::uint16_t>(instruction, 4), low);
    if (of == machine::riscv)
        return is_short ? riscv_short(low) : riscv_long(back<std::uint32_t>(instruction, 4));
    return false;
}

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

} // namespace drone::frames
