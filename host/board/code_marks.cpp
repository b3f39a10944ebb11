// SPDX-License-Identifier: MIT
#include "board/code_marks.hpp"

#include "base/bytes.hpp"
#include "board/it_block.hpp"

namespace drone::board {

void code_marks::set_breakpoints(std::span<const std::uint32_t> addresses) {
    for (std::uint8_t& mark : marks_)
        mark &= static_cast<std::uint8_t>(~unsigned{breakpoint});
    for (const std::uint32_t address : addresses)
        if (flash_offset(address) < flash_size) marks_[flash_offset(address) / 2] |= breakpoint;
}

void code_marks::find_it(
    std::span<const std::uint8_t> flash, std::uint32_t offset, std::uint32_t size
) {
    for (std::uint32_t i = offset & ~1U; i < offset + size; i += 2) {
        const bool begins_block = is_it(base::load_le<std::uint16_t>(flash.subspan(i, 2).data()));
        marks_[i / 2] = static_cast<std::uint8_t>(
            (marks_[i / 2] & ~unsigned{it}) | (begins_block ? unsigned{it} : 0U)
        );
    }
}

} // namespace drone::board
