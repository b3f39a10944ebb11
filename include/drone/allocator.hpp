// SPDX-License-Identifier: MIT
#pragma once

// The standard Allocator face of a heap that is known when the program is compiled; no state, so
// that a container on it is no larger than on std::allocator.

#include <drone/faces.hpp>

#include <cstddef>
#include <type_traits>

namespace drone {

/// Allocates from HeapObject, an object with static storage. When it cannot serve, as operator new.
/// Contexts as the heap's.
template <class T, auto& HeapObject>
struct allocator {
    using value_type = T;
    template <class U>
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
            heap_faces(HeapObject).new_or_exhausted(size, alignof(T), DRONE_CALLER)
        );
    }

    DRONE_FACE void deallocate(T* block, std::size_t /*count*/) noexcept {
        heap_faces(HeapObject).deallocate(block, DRONE_CALLER);
    }

    friend constexpr bool operator==(allocator, allocator) noexcept { return true; }
};

} // namespace drone
