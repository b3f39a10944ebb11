// SPDX-License-Identifier: MIT
#include "config/boards.hpp"

#include <algorithm>
#include <array>

namespace drone::config {

namespace {

constexpr std::array boards = {
    board{
        .name = "virtual-m4",
        .description = "emulated Cortex-M4, 1M flash, 128K RAM, SWO at 2,000,000 baud",
        .core = "cortex-m4",
        .flash_origin = 0x0800'0000,
        .flash_size = 1024 * 1024,
        .ram_origin = 0x2000'0000,
        .ram_size = 128 * 1024,
        .heap_size = 10 * 1024,
        .probe = "virtual",
        .baud = 2'000'000,
    },
};

} // namespace

std::span<const board> supported_boards() noexcept { return boards; }

const board* find_board(std::string_view name) noexcept {
    const auto found = std::ranges::find(boards, name, &board::name);
    return found == boards.end() ? nullptr : &*found;
}

} // namespace drone::config
