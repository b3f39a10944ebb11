// SPDX-License-Identifier: MIT
#pragma once

// The std::pmr face of a heap, for containers that choose their heap at run time. Needs a standard
// library with <memory_resource>.

#include <drone/faces.hpp>

#include <cstddef>
#include <memory_resource>

namespace drone {

/// Takes and gives back blocks of one heap, which must outlive it. When the heap cannot serve, as
/// operator new. Equal only to itself (without RTTI another one's heap cannot be asked for).
/// Contexts as the heap's.
template <class Heap>
class memory_resource final : public std::pmr::memory_resource {
public:
    explicit memory_resource(Heap& served) noexcept : heap_(&served) {}

private:
    DRONE_FACE void* do_allocate(std::size_t size, std::size_t alignment) override {
        return heap_faces<Heap>(*heap_).new_or_exhausted(size, alignment, DRONE_CALLER);
    }

    DRONE_FACE void
    do_deallocate(void* block, std::size_t /*size*/, std::size_t /*alignment*/) override {
        heap_faces<Heap>(*heap_).deallocate(block, DRONE_CALLER);
    }

    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    Heap* heap_;
};

} // namespace drone
