// SPDX-License-Identifier: MIT

// Goes wrong in the way that the test writes into `how` before it starts.

#include <drone/declare.hpp>
#include <drone/faces.hpp>

#include <cortex_m/exclusive.hpp>
#include <cstdint>

namespace {

constexpr auto pools = drone::make_layout(64, {{16, 4}});

/// A heap of its own: nothing here defines what drone::heap_exhausted and heap_misused do.
struct options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
    static constexpr drone::heap_settings settings{.checking = drone::check_level::full};
};
constinit drone::declared_heap<options> heap;

void give_back_twice() {
    void* const block = heap.allocate(4);
    heap.deallocate(block);
    heap.deallocate(block);
}

} // namespace

extern "C" volatile std::uint32_t how;
[[gnu::section(".noinit")]] volatile std::uint32_t how;

int main() {
    switch (how) {
    case 1:
        return static_cast<int>(*reinterpret_cast<volatile std::uint32_t*>(0x5000'0000));
    case 2:
        *reinterpret_cast<volatile std::uint32_t*>(0x0800'0000) = 1;
        break;
    case 3:
        asm volatile("udf #0");
        break;
    case 4:
        reinterpret_cast<void (*)()>(0x6000'0001)();
        break;
    case 5:
        asm volatile("bkpt #1");
        break;
    case 6: // as drone/handlers.hpp stops
        asm volatile("movs r0, #72\n udf #0xE1" ::: "r0");
        break;
    case 7:
        asm volatile("movs r0, #1\n movs r1, #32\n udf #0xE2" ::: "r0", "r1");
        break;
    case 8:
        __builtin_trap();
    case 9:
        heap.initialize();
        static_cast<void>(drone::heap_faces(heap).new_object(1234));
        break;
    case 10:
        heap.initialize();
        give_back_twice();
        break;
    case 11:
        static_cast<void>(heap.allocate(4));
        break;
    default:
        break;
    }
    return 0;
}
