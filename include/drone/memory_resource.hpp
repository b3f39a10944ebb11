// SPDX-License-Identifier: MIT
#pragma once

// The std::pmr interface of a heap.

#include <drone/faces.hpp>

#include <cstddef>
#include <memory_resource>

namespace drone {

/// A std::pmr::memory_resource on one heap, which must outlive it, for containers that choose their
/// heap at run time. If the heap cannot serve a request, it does what operator new does. It is
/// equal only to itself: without RTTI it cannot ask another resource for its heap. Needs a standard
/// library that has it. Contexts: those of the heap.
template <class Heap>
class memory_resource final : public std::pmr::memory_resource {
public:
    explicit memory_resource(Heap& served) noexcept : heap_(&served) {}

private:
    DRONE_FACE void* do_allocate(std::size_t size, std::size_t alignment) override {
        return heap_faces<Heap>(*heap_).new_or_exhausted(
            size, alignment, DRONE_CALLER(heap_faces<Heap>)
        );
    }

    DRONE_FACE void
    do_deallocate(void* block, std::size_t /*size*/, std::size_t /*alignment*/) override {
        heap_faces<Heap>(*heap_).deallocate(block, DRONE_CALLER(heap_faces<Heap>));
    }

    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    Heap* heap_;
};

} // namespace drone
