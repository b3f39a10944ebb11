// SPDX-License-Identifier: MIT
#pragma once

// operator new and delete, malloc and free, on a heap of the project's.
//
//     constinit main_heap heap;
//     DRONE_GLOBAL_HEAP(heap)     in exactly one source file, at namespace scope
//
// The heap is initialised from .preinit_array, before any constructor runs. Every face reaches the
// heap exactly once for each block it takes or gives back, so a trace sees each once.
//
// Alignment. What is returned is aligned as the language demands and no more, because more would
// cost memory. malloc(n) and new T[] must suit any object of up to n bytes: 8 from 8 bytes on. new
// T must suit objects of exactly n bytes ([basic.stc.dynamic.allocation]/3): the largest power of
// two that divides n, up to 8, so the 12 bytes of a list's node need no block of 16.
//
// When the heap cannot serve: malloc and the nothrow forms return null (errno is ENOMEM after
// malloc's family); the other forms of new call the new handler as often as it takes, and without
// one drone::heap_exhausted(size), which a project may define; ours traps.

#include <drone/checked.hpp>
#include <drone/heap.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

namespace drone {

/// Called when operator new cannot return and no new handler is left. Must not return.
[[noreturn]] void heap_exhausted(std::size_t size_bytes);

/// What the faces do with a heap. Contexts as the heap's allocate(). `caller`, where it is given,
/// is the code address to which the face returns; heaps that tell who asked take it (trace.hpp).
template <class Heap>
class heap_faces {
public:
    constexpr explicit heap_faces(Heap& served) : heap_(served) {}

    [[nodiscard]] static constexpr std::size_t alignment_of_object(std::size_t size) noexcept {
        return size % default_alignment == 0 ? default_alignment : granule;
    }
    [[nodiscard]] static constexpr std::size_t alignment_of_any(std::size_t size) noexcept {
        return size >= default_alignment ? default_alignment : granule;
    }

    template <class... Caller>
    [[nodiscard]] void*
    allocate(std::size_t size, std::size_t alignment, Caller... caller) const noexcept {
        if (size == 0) size = 1;
        if constexpr (takes<Caller...>) {
            return heap_.allocate(size, alignment, caller...);
        } else {
            return heap_.allocate(size, alignment);
        }
    }

    template <class... Caller>
    void deallocate(void* block, Caller... caller) const noexcept {
        if (block == nullptr) return;
        if constexpr (takes<Caller...>) {
            heap_.deallocate(block, caller...);
        } else {
            heap_.deallocate(block);
        }
    }

    template <class... Caller>
    [[nodiscard]] void*
    new_or_exhausted(std::size_t size, std::size_t alignment, Caller... caller) const {
        for (;;) {
            if (void* const block = allocate(size, alignment, caller...); block != nullptr)
                [[likely]]
                return block;
            const std::new_handler handler = std::get_new_handler();
            if (handler == nullptr) heap_exhausted(size);
            handler();
        }
    }

    template <class... Caller>
    [[nodiscard]] void* malloc(std::size_t size, int& error, Caller... caller) const noexcept {
        return checked(allocate(size, alignment_of_any(size), caller...), error);
    }

    template <class... Caller>
    [[nodiscard]] void*
    calloc(std::size_t count, std::size_t size, int& error, Caller... caller) const noexcept {
        std::size_t total = 0;
        if (__builtin_mul_overflow(count, size, &total)) return checked(nullptr, error);
        void* const block = malloc(total, error, caller...);
        if (block != nullptr) __builtin_memset(block, 0, total);
        return block;
    }

    template <class... Caller>
    [[nodiscard]] void*
    realloc(void* block, std::size_t size, int& error, Caller... caller) const noexcept {
        if (block == nullptr) return malloc(size, error, caller...);
        if (size == 0) {
            deallocate(block, caller...);
            return nullptr;
        }
        const std::size_t old_size = heap_.block_size(block);
        const auto resized = [&](auto... who) {
            return resize(heap_, block, old_size, size, alignment_of_any(size), who...);
        };
        if constexpr (takes<Caller...>) {
            return checked(resized(caller...), error);
        } else {
            return checked(resized(), error);
        }
    }

    template <class... Caller>
    [[nodiscard]] void* aligned_alloc(
        std::size_t alignment, std::size_t size, int& error, Caller... caller
    ) const noexcept {
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
            error = EINVAL;
            return nullptr;
        }
        return checked(allocate(size, alignment, caller...), error);
    }

    template <class... Caller>
    [[nodiscard]] int posix_memalign(
        void** block, std::size_t alignment, std::size_t size, Caller... caller
    ) const noexcept {
        if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
            return EINVAL;
        void* const taken = allocate(size, alignment, caller...);
        if (taken == nullptr) return ENOMEM;
        *block = taken;
        return 0;
    }

private:
    template <class... Caller>
    static constexpr bool takes =
        requires(Heap& heap, void* block, Caller... caller) { heap.deallocate(block, caller...); };

    static void* checked(void* block, int& error) noexcept {
        if (block == nullptr) error = ENOMEM;
        return block;
    }

    Heap& heap_;
};

} // namespace drone

/// Initialises a heap before any constructor runs. At namespace scope, once for each heap.
#define DRONE_HEAP(object)                                                                         \
    [[gnu::section(".preinit_array"), gnu::used]] static void (*const drone_initialize_##object)(  \
    ) = [] { (object).initialize(); };

/// DRONE_HEAP, and operator new, malloc and their families on this heap. In exactly one source
/// file.
#define DRONE_GLOBAL_HEAP(object)                                                                  \
    DRONE_HEAP(object)                                                                             \
    static constexpr drone::heap_faces drone_faces{(object)};                                      \
    DRONE_DEFINE_NEW                                                                               \
    DRONE_DEFINE_MALLOC

/// Who called a face, in the face itself, which must not be inlined: it would be its caller's
/// caller.
#define DRONE_CALLER __builtin_return_address(0)
#define DRONE_FACE [[gnu::noinline]]

#define DRONE_DEFINE_NEW                                                                           \
    DRONE_FACE void* operator new(std::size_t size) {                                              \
        return drone_faces.new_or_exhausted(                                                       \
            size, drone_faces.alignment_of_object(size), DRONE_CALLER                              \
        );                                                                                         \
    }                                                                                              \
    DRONE_FACE void* operator new[](std::size_t size) {                                            \
        return drone_faces.new_or_exhausted(                                                       \
            size, drone_faces.alignment_of_any(size), DRONE_CALLER                                 \
        );                                                                                         \
    }                                                                                              \
    DRONE_FACE void* operator new(std::size_t size, std::align_val_t alignment) {                  \
        return drone_faces.new_or_exhausted(                                                       \
            size, static_cast<std::size_t>(alignment), DRONE_CALLER                                \
        );                                                                                         \
    }                                                                                              \
    DRONE_FACE void* operator new[](std::size_t size, std::align_val_t alignment) {                \
        return drone_faces.new_or_exhausted(                                                       \
            size, static_cast<std::size_t>(alignment), DRONE_CALLER                                \
        );                                                                                         \
    }                                                                                              \
    DRONE_FACE void* operator new(std::size_t size, const std::nothrow_t&) noexcept {              \
        return drone_faces.allocate(size, drone_faces.alignment_of_object(size), DRONE_CALLER);    \
    }                                                                                              \
    DRONE_FACE void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {            \
        return drone_faces.allocate(size, drone_faces.alignment_of_any(size), DRONE_CALLER);       \
    }                                                                                              \
    DRONE_FACE void*                                                                               \
    operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {   \
        return drone_faces.allocate(size, static_cast<std::size_t>(alignment), DRONE_CALLER);      \
    }                                                                                              \
    DRONE_FACE void*                                                                               \
    operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { \
        return drone_faces.allocate(size, static_cast<std::size_t>(alignment), DRONE_CALLER);      \
    }                                                                                              \
    DRONE_FACE void operator delete(void* block) noexcept {                                        \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete[](void* block) noexcept {                                      \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete(void* block, std::size_t) noexcept {                           \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete[](void* block, std::size_t) noexcept {                         \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete(void* block, std::align_val_t) noexcept {                      \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete[](void* block, std::align_val_t) noexcept {                    \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete(void* block, std::size_t, std::align_val_t) noexcept {         \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {       \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete(void* block, const std::nothrow_t&) noexcept {                 \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void operator delete[](void* block, const std::nothrow_t&) noexcept {               \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void                                                                                \
    operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {               \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void                                                                                \
    operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {             \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    [[gnu::weak]] void drone::heap_exhausted(std::size_t) { __builtin_trap(); }                    \
    [[gnu::weak]] void drone::heap_misused(drone::misuse, const void*) { __builtin_trap(); }

#if defined(__NEWLIB__) && !defined(__PICOLIBC__)
// newlib's own code calls the reentrant variants, and with -fno-builtin nothing else ties them to
// ours.
struct _reent;
#define DRONE_DEFINE_REENTRANT_MALLOC                                                              \
    DRONE_FACE void* _malloc_r(struct _reent*, std::size_t size) {                                 \
        return drone_faces.malloc(size, errno, DRONE_CALLER);                                      \
    }                                                                                              \
    DRONE_FACE void _free_r(struct _reent*, void* block) {                                         \
        drone_faces.deallocate(block, DRONE_CALLER);                                               \
    }                                                                                              \
    DRONE_FACE void* _calloc_r(struct _reent*, std::size_t count, std::size_t size) {              \
        return drone_faces.calloc(count, size, errno, DRONE_CALLER);                               \
    }                                                                                              \
    DRONE_FACE void* _realloc_r(struct _reent*, void* block, std::size_t size) {                   \
        return drone_faces.realloc(block, size, errno, DRONE_CALLER);                              \
    }                                                                                              \
    DRONE_FACE void* _memalign_r(struct _reent*, std::size_t alignment, std::size_t size) {        \
        return drone_faces.aligned_alloc(alignment, size, errno, DRONE_CALLER);                    \
    }
#else
#define DRONE_DEFINE_REENTRANT_MALLOC
#endif

#define DRONE_DEFINE_MALLOC                                                                        \
    extern "C" {                                                                                   \
    DRONE_FACE void* malloc(std::size_t size) {                                                    \
        return drone_faces.malloc(size, errno, DRONE_CALLER);                                      \
    }                                                                                              \
    DRONE_FACE void free(void* block) { drone_faces.deallocate(block, DRONE_CALLER); }             \
    DRONE_FACE void* calloc(std::size_t count, std::size_t size) {                                 \
        return drone_faces.calloc(count, size, errno, DRONE_CALLER);                               \
    }                                                                                              \
    DRONE_FACE void* realloc(void* block, std::size_t size) {                                      \
        return drone_faces.realloc(block, size, errno, DRONE_CALLER);                              \
    }                                                                                              \
    DRONE_FACE void* aligned_alloc(std::size_t alignment, std::size_t size) {                      \
        return drone_faces.aligned_alloc(alignment, size, errno, DRONE_CALLER);                    \
    }                                                                                              \
    DRONE_FACE void* memalign(std::size_t alignment, std::size_t size) {                           \
        return drone_faces.aligned_alloc(alignment, size, errno, DRONE_CALLER);                    \
    }                                                                                              \
    DRONE_FACE int posix_memalign(void** block, std::size_t alignment, std::size_t size) {         \
        return drone_faces.posix_memalign(block, alignment, size, DRONE_CALLER);                   \
    }                                                                                              \
    DRONE_DEFINE_REENTRANT_MALLOC                                                                  \
    }
