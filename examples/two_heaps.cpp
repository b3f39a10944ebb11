// SPDX-License-Identifier: MIT

// Two heaps: one for new and malloc, and one for the containers that use it.

#include "print.hpp"

#include <drone/global.hpp>
#include <drone/memory_resource.hpp>

#include <cortex_m/exclusive.hpp>
#include <vector>

namespace {

constexpr auto main_pools = drone::make_layout(256, {{16, 8}, {64, 2}});
constexpr auto radio_pools = drone::make_layout(1024, {{8, 16}, {32, 8}, {128, 5}});

constinit drone::heap<main_pools, drone::cortex_m::single_core> main_heap;
constinit drone::heap<radio_pools, drone::cortex_m::single_core> radio_heap;

std::uint32_t free_blocks(const auto& heap, std::size_t pools) {
    std::uint32_t blocks = 0;
    for (std::size_t i = 0; i < pools; ++i)
        blocks += static_cast<std::uint32_t>(heap.count_free(i));
    return blocks;
}

void tell() {
    print_line("free: main ", free_blocks(main_heap, 2), ", radio ", free_blocks(radio_heap, 3));
}

} // namespace

DRONE_GLOBAL_HEAP(main_heap)
DRONE_HEAP(radio_heap)

int main() {
    drone::memory_resource radio(radio_heap);
    tell();
    {
        const std::vector<int> samples{1, 2, 3};
        std::pmr::vector<std::pmr::vector<char>> frames(&radio);
        frames.emplace_back(20, 'a'); // its bytes come from the radio heap too
        frames.emplace_back(100, 'b');
        tell();
    }
    tell();
}
