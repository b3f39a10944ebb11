// SPDX-License-Identifier: MIT

#include "heap.hpp"

#include <drone/allocator.hpp>
#include <drone/global.hpp>
#include <drone/memory_resource.hpp>

constinit drone::declared_heap<heap_options> heap;
DRONE_GLOBAL_HEAP(heap)

namespace {
// What plays the code that a face was inlined into must still be there when the heap looks who
// asked: no call may become a jump.
volatile std::uint32_t returns = 0;
} // namespace

extern "C" {

void* heap_allocate(std::size_t size, std::size_t alignment) {
    void* const block = heap.allocate(size, alignment);
    returns = 1;
    return block;
}
void heap_deallocate(void* block) {
    heap.deallocate(block);
    returns = 1;
}
void* heap_resize(void* block, std::size_t old_size, std::size_t new_size) {
#if defined(TELLS_WHO)
    return drone::resize(
        heap, block, old_size, new_size, drone::granule, __builtin_return_address(0)
    );
#else
    return drone::resize(heap, block, old_size, new_size);
#endif
}

twelve_bytes* allocator_allocate(std::size_t count) {
    twelve_bytes* const block = drone::allocator<twelve_bytes, heap>().allocate(count);
    returns = 1;
    return block;
}
void allocator_deallocate(twelve_bytes* block, std::size_t count) {
    drone::allocator<twelve_bytes, heap>().deallocate(block, count);
    returns = 1;
}
}

std::pmr::memory_resource& resource() {
    static drone::memory_resource<drone::declared_heap<heap_options>> only(heap);
    return only;
}
