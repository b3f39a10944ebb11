// SPDX-License-Identifier: MIT

#include "heap.hpp"

#include <drone/allocator.hpp>
#include <drone/global.hpp>
#include <drone/memory_resource.hpp>

constinit drone::declared_heap<heap_options> heap;
DRONE_GLOBAL_HEAP(heap)

extern "C" {

void* heap_allocate(std::size_t size, std::size_t alignment) {
    return heap.allocate(size, alignment);
}
void heap_deallocate(void* block) { heap.deallocate(block); }
void* heap_resize(void* block, std::size_t old_size, std::size_t new_size) {
    return drone::resize(heap, block, old_size, new_size);
}

twelve_bytes* allocator_allocate(std::size_t count) {
    return drone::allocator<twelve_bytes, heap>().allocate(count);
}
void allocator_deallocate(twelve_bytes* block, std::size_t count) {
    drone::allocator<twelve_bytes, heap>().deallocate(block, count);
}
}

std::pmr::memory_resource& resource() {
    static drone::memory_resource<drone::declared_heap<heap_options>> only(heap);
    return only;
}
