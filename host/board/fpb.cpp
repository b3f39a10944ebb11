// SPDX-License-Identifier: MIT

#include "board/fpb.hpp"

#include <span>

namespace drone::board {
namespace {

enum : std::uint32_t { ctrl = 0x000, comp = 0x008 };

constexpr std::uint32_t enable = 1;
constexpr std::uint32_t key = 2;
constexpr std::uint32_t address_bits = 0x1FFF'FFFC;

} // namespace

std::uint32_t fpb::read(std::uint32_t offset) const {
    if (offset == ctrl)
        return code_comparators << 4U | literal_comparators << 8U | (enabled_ ? enable : 0U);
    const std::uint32_t number = (offset - comp) / 4;
    return offset >= comp && number < comparators_.size() ? comparators_[number] : 0;
}

void fpb::write(std::uint32_t offset, std::uint32_t value) {
    if (offset == ctrl && (value & key) != 0) enabled_ = (value & enable) != 0;
    const std::uint32_t number = (offset - comp) / 4;
    if (offset >= comp && number < comparators_.size())
        comparators_[number] = value & (3U << 30U | address_bits | enable);
}

std::vector<std::uint32_t> fpb::breakpoints() const {
    std::vector<std::uint32_t> found;
    if (!enabled_) return found;
    for (const std::uint32_t one : std::span(comparators_).first(code_comparators)) {
        if ((one & enable) == 0) continue;
        const std::uint32_t halves =
            one >> 30U; // REPLACE: 1 the lower halfword, 2 the upper, 3 both
        if ((halves & 1U) != 0) found.push_back(one & address_bits);
        if ((halves & 2U) != 0) found.push_back((one & address_bits) + 2);
    }
    return found;
}

} // namespace drone::board
