// SPDX-License-Identifier: MIT

#include <drone/heap.hpp>
#include <drone/version.hpp>

#include <cstdio>
#include <host/exclusive.hpp>

static_assert(DRONE_VERSION >= 100); // 0.1.0

constexpr auto layout = drone::make_layout<2>(4096, {{16, 32}, {64, 8}});
constinit drone::heap<layout, drone::host::threads> heap;

int main() {
    heap.initialize();
    void* const block = heap.allocate(10, 4);
    if (block == nullptr) return 1;
    heap.deallocate(block);
    std::puts("served");
}
