// SPDX-License-Identifier: MIT
#pragma once

#include "board/memory_map.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace drone::board {

/// Instructions in flash at which the board looks closer. Addresses outside of flash have no marks.
class code_marks {
public:
    enum kind : std::uint8_t {
        watched = 1,    ///< somebody wants to know when it is reached
        it = 2,         ///< it begins an IT block
        breakpoint = 4, ///< a debugger's
    };

    /// All kinds of an instruction, or-ed.
    [[nodiscard]] unsigned at(std::uint32_t address) const {
        const std::uint32_t offset = flash_offset(address);
        return offset < flash_size ? marks_[offset / 2] : 0U;
    }
    void watch(std::uint32_t address) {
        if (flash_offset(address) < flash_size) marks_[flash_offset(address) / 2] |= watched;
    }
    /// In place of those before.
    void set_breakpoints(std::span<const std::uint32_t> addresses);
    /// Finds the IT instructions in `size` bytes of this flash.
    void find_it(std::span<const std::uint8_t> flash, std::uint32_t offset, std::uint32_t size);

private:
    std::vector<std::uint8_t> marks_ = std::vector<std::uint8_t>(flash_size / 2); // a halfword each
};

} // namespace drone::board
