// SPDX-License-Identifier: MIT

// A tracer of the project's own: any type with the hooks of drone::heap_tracer. This one prints.

#include "print.hpp"

#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exclusive.hpp>
#include <cstdlib>

namespace {

constexpr auto pools = drone::make_layout(160, {{8, 4}, {32, 4}});

struct printing_tracer {
    static bool listening() noexcept { return true; }
    void trace_alloc(std::uint32_t offset, std::size_t size, std::size_t /*alignment*/) noexcept {
        print_line("takes ", size, " bytes at ", offset);
    }
    void trace_dealloc(std::uint32_t offset) noexcept { print_line("gives back ", offset); }
    void trace_grow_in_place(std::uint32_t offset, std::size_t, std::size_t size) noexcept {
        print_line("grows ", offset, " to ", size);
    }
    void trace_shrink_in_place(std::uint32_t offset, std::size_t, std::size_t size) noexcept {
        print_line("shrinks ", offset, " to ", size);
    }
    void trace_failed(std::size_t size, std::size_t /*alignment*/) noexcept {
        print_line("has no room for ", size);
    }
};

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
    static constexpr drone::heap_settings settings{};
};
constinit drone::declared_heap<heap_options, printing_tracer> heap;

} // namespace

DRONE_GLOBAL_HEAP(heap)

int main() {
    void* const text = std::malloc(5);
    void* const longer = std::realloc(text, 7);     // still fits its block of 8
    void* const longest = std::realloc(longer, 20); // moves
    std::free(longest);
    std::free(std::malloc(33));
}
