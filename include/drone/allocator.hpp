// SPDX-License-Identifier: MIT
#pragma once

// The standard Allocator interface of a heap.

#include <drone/faces.hpp>

#include <cstddef>
#include <type_traits>

namespace drone {

/// A standard Allocator on HeapObject, a heap with static storage. It has no state, so a container
/// with it is no larger than with std::allocator. If the heap cannot serve a request, it does what
/// operator new does. Contexts: those of the heap.
template <class T, auto& HeapObject>
struct allocator {
    using value_type = T;
    template <class U>
    /// The same allocator for another type.
    struct rebind {
        using other = allocator<U, HeapObject>;
    };

    constexpr allocator() noexcept = default;
    template <class U>
    constexpr allocator(const allocator<U, HeapObject>&) noexcept {}

    // Functions of their own, as operator new is one: each returns to the code that asked, which is
    // the caller that a trace tells.

    [[nodiscard]] DRONE_FACE T* allocate(std::size_t count) {
        std::size_t size = 0;
        if (__builtin_mul_overflow(count, sizeof(T), &size)) detail::on_heap_exhausted(SIZE_MAX);
        return static_cast<T*>(
            heap_faces(HeapObject)
                .new_or_exhausted(size, alignof(T), DRONE_CALLER(decltype(heap_faces(HeapObject))))
        );
    }

    DRONE_FACE void deallocate(T* block, std::size_t /*count*/) noexcept {
        heap_faces(HeapObject).deallocate(block, DRONE_CALLER(decltype(heap_faces(HeapObject))));
    }

    friend constexpr bool operator==(allocator, allocator) noexcept { return true; }
};

} // namespace drone
