// SPDX-License-Identifier: MIT
#include "config/boards.hpp"

#include "config/virtual_m4.hpp"

#include <algorithm>
#include <array>

namespace drone::config {

namespace {

constexpr std::array boards = {
    board{
        .name = "virtual-m4",
        .description = "emulated Cortex-M4, 1M flash, 192K RAM, SWO at 2,000,000 baud",
        .core = "cortex-m4",
        .flash_origin = virtual_m4::flash_origin,
        .flash_size = virtual_m4::flash_size,
        .ram_origin = virtual_m4::ram_origin,
        .ram_size = virtual_m4::ram_size,
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
