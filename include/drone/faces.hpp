// SPDX-License-Identifier: MIT
#pragma once

// What operator new, malloc and their families do with a heap. global.hpp makes the functions;
// allocator.hpp and memory_resource.hpp use them, too.

#include <drone/call_site.hpp>
#include <drone/handlers.hpp>
#include <drone/heap.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

namespace drone {

namespace detail {

// What is a call away (heap.hpp says why it is where).

template <class Heap, class... Caller>
DRONE_A_CALL_AWAY void*
allocate_slowly(Heap& heap, std::size_t size, std::size_t alignment, Caller... caller) noexcept {
    return heap.allocate(size, alignment, caller...);
}

[[gnu::noinline, gnu::cold]] inline void* refused() noexcept {
    errno = ENOMEM;
    return nullptr;
}

template <class Heap, class... Caller>
DRONE_A_CALL_AWAY void*
malloc_slowly(Heap& heap, std::size_t size, std::size_t alignment, Caller... caller) noexcept {
    void* const block = allocate_slowly(heap, size, alignment, caller...);
    return block == nullptr ? refused() : block;
}

template <class Heap, class... Caller>
DRONE_A_CALL_AWAY void*
new_slowly(Heap& heap, std::size_t size, std::size_t alignment, Caller... caller) {
    for (;;) {
        void* const block = allocate_slowly(heap, size, alignment, caller...);
        if (block != nullptr) return block;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) on_heap_exhausted(size);
        handler();
    }
}

template <class Heap, class... Caller>
DRONE_A_CALL_AWAY void*
realloc_slowly(Heap& heap, void* block, std::size_t size, Caller... caller) noexcept {
    void* const result =
        resize(heap, block, heap.block_size(block), size, default_alignment, caller...);
    return result == nullptr ? refused() : result;
}

} // namespace detail

/// The faces of a heap. Every face reaches the heap exactly once for each block it takes or gives
/// back, so a trace sees each once.
///
/// Alignment. operator new gives what the language demands and no more, because more would cost
/// memory. new T must suit objects of exactly n bytes ([basic.stc.dynamic.allocation]/3): the
/// largest power of two that divides n, up to 8. So the 12 bytes of a list's node need no block of
/// 16. new T[] must suit any object of up to n bytes: 8 from 8 bytes on. The C family gives
/// multiples of 8, whatever the size, because compilers rely on it: GCC on Arm assumes that the
/// three low bits of malloc's result are zero.
///
/// If the heap cannot serve a request, the C family and the nothrow forms return null. After the C
/// family, errno is ENOMEM. The other forms of new call the new handler again and again; without a
/// handler, they call drone::heap_exhausted(size) (handlers.hpp).
///
/// Contexts: those of the heap's allocate(). `caller` is the code address to which the face
/// returns. Heaps that report who asked take it (trace.hpp); the others never see it.
///
/// The functions that programs call most are inlined into their face; the others are a call away.
template <class Heap>
class heap_faces {
public:
    constexpr explicit heap_faces(Heap& served) : heap_(served) {}

    /// For an object of exactly `size` bytes.
    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void* new_object(std::size_t size, Caller... caller) const {
        // A constant alignment on each branch: the heap's search is made of constants.
        if (size % default_alignment == 0)
            return new_or_exhausted(size, default_alignment, caller...);
        return new_or_exhausted(size, granule, caller...);
    }
    /// For objects of up to `size` bytes together.
    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void* new_array(std::size_t size, Caller... caller) const {
        if (size >= default_alignment) return new_or_exhausted(size, default_alignment, caller...);
        return new_or_exhausted(size, granule, caller...);
    }
    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    new_or_exhausted(std::size_t size, std::size_t alignment, Caller... caller) const {
        if (void* const block = at_once(size, alignment, caller...); block != nullptr) [[likely]]
            return block;
        return passing(
            [&](auto... who) __attribute__((always_inline)) {
                return detail::new_slowly(heap_, size, alignment, who...);
            },
            caller...
        );
    }

    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    try_new_object(std::size_t size, Caller... caller) const noexcept {
        if (size % default_alignment == 0) return allocate(size, default_alignment, caller...);
        return allocate(size, granule, caller...);
    }
    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    try_new_array(std::size_t size, Caller... caller) const noexcept {
        if (size >= default_alignment) return allocate(size, default_alignment, caller...);
        return allocate(size, granule, caller...);
    }

    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    allocate(std::size_t size, std::size_t alignment, Caller... caller) const noexcept {
        if (void* const block = at_once(size, alignment, caller...); block != nullptr) [[likely]]
            return block;
        return passing(
            [&](auto... who) __attribute__((always_inline)) {
                return detail::allocate_slowly(heap_, size, alignment, who...);
            },
            caller...
        );
    }

    /// Gives a block back; null does nothing.
    template <class... Caller>
    [[gnu::always_inline]] void deallocate(void* block, Caller... caller) const noexcept {
        passing(
            [&](auto... who) __attribute__((always_inline)) {
                if constexpr (requires { heap_.deallocate_or_null(block, who...); }) {
                    heap_.deallocate_or_null(block, who...);
                } else if (block != nullptr) {
                    heap_.deallocate(block, who...);
                }
            },
            caller...
        );
    }

    // The C family.

    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    malloc(std::size_t size, Caller... caller) const noexcept {
        if (void* const block = at_once(size, default_alignment, caller...); block != nullptr)
            [[likely]]
            return block;
        return call_malloc(size, default_alignment, caller...);
    }

    /// malloc() with an alignment, as a call.
    template <class... Caller>
    [[nodiscard, gnu::always_inline]] void*
    call_malloc(std::size_t size, std::size_t alignment, Caller... caller) const noexcept {
        return passing(
            [&](auto... who) __attribute__((always_inline)) {
                return detail::malloc_slowly(heap_, size, alignment, who...);
            },
            caller...
        );
    }

    template <class... Caller>
    [[nodiscard]] void*
    calloc(std::size_t count, std::size_t size, Caller... caller) const noexcept {
        std::size_t total = 0;
        if (__builtin_mul_overflow(count, size, &total)) return detail::refused();
        void* const block = call_malloc(total, default_alignment, caller...);
        if (block != nullptr) __builtin_memset(block, 0, total);
        return block;
    }

    template <class... Caller>
    [[nodiscard]] void* realloc(void* block, std::size_t size, Caller... caller) const noexcept {
        if (block == nullptr) return call_malloc(size, default_alignment, caller...);
        if (size == 0) {
            deallocate(block, caller...);
            return nullptr;
        }
        return passing(
            [&](auto... who) __attribute__((always_inline)) {
                return detail::realloc_slowly(heap_, block, size, who...);
            },
            caller...
        );
    }

    /// realloc() of an array; null, with the block untouched, when its size cannot be expressed.
    template <class... Caller>
    [[nodiscard]] void* reallocarray(
        void* block, std::size_t count, std::size_t size, Caller... caller
    ) const noexcept {
        std::size_t total = 0;
        if (__builtin_mul_overflow(count, size, &total)) return detail::refused();
        return realloc(block, total, caller...);
    }

    /// realloc() that gives the block back when it cannot be resized.
    template <class... Caller>
    [[nodiscard]] void* reallocf(void* block, std::size_t size, Caller... caller) const noexcept {
        void* const result = realloc(block, size, caller...);
        if (result == nullptr && size != 0) deallocate(block, caller...);
        return result;
    }

    template <class... Caller>
    [[nodiscard]] void*
    aligned_alloc(std::size_t alignment, std::size_t size, Caller... caller) const noexcept {
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
            errno = EINVAL;
            return nullptr;
        }
        return call_malloc(size, at_least_default(alignment), caller...);
    }

    template <class... Caller>
    [[nodiscard]] int posix_memalign(
        void** block, std::size_t alignment, std::size_t size, Caller... caller
    ) const noexcept {
        if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
            return EINVAL;
        void* const result = allocate(size, at_least_default(alignment), caller...);
        if (result == nullptr) return ENOMEM;
        *block = result;
        return 0;
    }

    /// Aligned to a page. Needs a heap whose alignment is that large.
    template <class... Caller>
    [[nodiscard]] void* valloc(std::size_t size, Caller... caller) const noexcept {
        return call_malloc(size, page_size, caller...);
    }

    /// The same, of whole pages.
    template <class... Caller>
    [[nodiscard]] void* pvalloc(std::size_t size, Caller... caller) const noexcept {
        if (size > SIZE_MAX - (page_size - 1)) return detail::refused();
        return call_malloc((size + (page_size - 1)) / page_size * page_size, page_size, caller...);
    }

    /// Bytes that the program may use of a block; 0 of null.
    [[nodiscard]] std::size_t malloc_usable_size(const void* block) const noexcept {
        return block == nullptr ? 0 : heap_.block_size(block);
    }

    /// Who calls, as far as the heap takes it: see DRONE_CALLER.
    [[gnu::always_inline]] static auto caller(const void* address, const void* stack) noexcept {
        if constexpr (takes<call_site>) {
            return call_site{address, stack};
        } else {
            return address;
        }
    }

private:
    template <class... Caller>
    static constexpr bool takes =
        requires(Heap& heap, void* block, Caller... caller) { heap.deallocate(block, caller...); };

    static constexpr std::size_t page_size = 4096; // as newlib has it

    static std::size_t at_least_default(std::size_t alignment) noexcept {
        return alignment < default_alignment ? default_alignment : alignment;
    }

    /// Calls `act` with the caller where the heap takes one, else without.
    template <class Act, class... Caller>
    [[gnu::always_inline]] static decltype(auto) passing(Act act, Caller... caller) {
        if constexpr (takes<Caller...>) {
            return act(caller...);
        } else {
            return act();
        }
    }

    /// A block that the heap has without a second look, else null.
    template <class... Caller>
    [[gnu::always_inline]] void*
    at_once(std::size_t size, std::size_t alignment, Caller... caller) const noexcept {
        return passing(
            [&](auto... who) __attribute__((always_inline)) -> void* {
                if constexpr (requires { heap_.allocate_at_once(size, alignment, who...); }) {
                    return heap_.allocate_at_once(size, alignment, who...);
                } else {
                    return nullptr;
                }
            },
            caller...
        );
    }

    Heap& heap_;
};

} // namespace drone

/// Who called a face of this type, in the face itself, which must not be inlined: it would be its
/// caller's caller.
#define DRONE_CALLER(faces) faces::caller(__builtin_return_address(0), __builtin_dwarf_cfa())
#define DRONE_FACE [[gnu::noinline]]
