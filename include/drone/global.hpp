// SPDX-License-Identifier: MIT
#pragma once

// operator new and delete, malloc and free, on a heap of the project's:
//
//     constinit main_heap heap;
//     DRONE_GLOBAL_HEAP(heap)     in exactly one source file, at namespace scope
//
// A program in C that links without the C++ library takes DRONE_GLOBAL_MALLOC: the same without
// operator new and delete. Both initialise the heap from .preinit_array, before any constructor
// runs. faces.hpp says what the functions guarantee.

#include <drone/faces.hpp>
#include <drone/heap.hpp>

#include <cerrno>
#include <cstddef>
#include <new>

/// Initialises a heap before any constructor runs. At namespace scope, once for each heap.
#define DRONE_HEAP(object)                                                                         \
    [[gnu::section(".preinit_array"), gnu::used]] static void (*const drone_initialize_##object)(  \
    ) = [] { (object).initialize(); };

/// DRONE_HEAP, and operator new, malloc and their families on this heap. In exactly one source
/// file.
#define DRONE_GLOBAL_HEAP(object)                                                                  \
    DRONE_GLOBAL_MALLOC(object)                                                                    \
    DRONE_DEFINE_NEW

/// DRONE_HEAP, and malloc and its family on this heap. In exactly one source file.
#define DRONE_GLOBAL_MALLOC(object)                                                                \
    DRONE_HEAP(object)                                                                             \
    [[gnu::always_inline]] static inline auto drone_faces() {                                      \
        DRONE_REQUIRE_START_UP(drone_initialize_##object);                                         \
        return drone::heap_faces{(object)};                                                        \
    }                                                                                              \
    extern "C" {                                                                                   \
    DRONE_DEFINE_MALLOC                                                                            \
    DRONE_DEFINE_NEWLIB_MALLOC                                                                     \
    DRONE_DEFINE_REENTRANT_MALLOC                                                                  \
    }

// If a linker script forgets .preinit_array, nothing initialises the heap, and nothing reports it. So
// each face refers, without an instruction, to the entry of DRONE_HEAP, which keeps the entry, and to
// the symbol by which start-up code finds the section. If the linker reports that symbol as undefined,
// the script lacks
//
//     __preinit_array_start = .;  KEEP(*(.preinit_array))  __preinit_array_end = .;
//
// If start-up code calls initialize() itself, link with -Wl,--defsym=__preinit_array_start=0.
#if defined(__arm__) && !defined(__linux__)
#define DRONE_REFER_TO(symbol) asm volatile(".reloc ., R_ARM_NONE, %c0" : : "i"(&(symbol)))
#elif defined(__riscv) && !defined(__linux__)
#define DRONE_REFER_TO(symbol) asm volatile(".reloc ., R_RISCV_NONE, %c0" : : "i"(&(symbol)))
#endif
#if defined(DRONE_REFER_TO)
extern "C" void (*const __preinit_array_start[])();
#define DRONE_REQUIRE_START_UP(entry)                                                              \
    DRONE_REFER_TO(entry);                                                                         \
    DRONE_REFER_TO(__preinit_array_start)
#else // a host: its start-up code is in order
#define DRONE_REQUIRE_START_UP(entry) static_cast<void>(0)
#endif

/// A function that link-time optimisation keeps, because the C library's archive may refer to it late.
#define DRONE_GLOBAL_FACE [[gnu::noinline, gnu::used]]

#define DRONE_GLOBAL_CALLER DRONE_CALLER(decltype(drone_faces()))
#define DRONE_ALIGNMENT static_cast<std::size_t>(alignment)
#define DRONE_NEW(form, parameters, ...)                                                           \
    DRONE_GLOBAL_FACE void* operator form parameters { return drone_faces().__VA_ARGS__; }
#define DRONE_DELETE(form, parameters)                                                             \
    DRONE_GLOBAL_FACE void operator form parameters noexcept {                                     \
        drone_faces().deallocate(block, DRONE_GLOBAL_CALLER);                                      \
    }
#define DRONE_DEFINE_NEW                                                                           \
    DRONE_NEW(new, (std::size_t size), new_object(size, DRONE_GLOBAL_CALLER))                      \
    DRONE_NEW(                                                                                     \
        new,                                                                                       \
        (std::size_t size, const std::nothrow_t&) noexcept,                                        \
        try_new_object(size, DRONE_GLOBAL_CALLER)                                                  \
    )                                                                                              \
    DRONE_NEW(                                                                                     \
        new,                                                                                       \
        (std::size_t size, std::align_val_t alignment),                                            \
        new_or_exhausted(size, DRONE_ALIGNMENT, DRONE_GLOBAL_CALLER)                               \
    )                                                                                              \
    DRONE_NEW(                                                                                     \
        new,                                                                                       \
        (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept,            \
        allocate(size, DRONE_ALIGNMENT, DRONE_GLOBAL_CALLER)                                       \
    )                                                                                              \
    DRONE_NEW(new[], (std::size_t size), new_array(size, DRONE_GLOBAL_CALLER))                     \
    DRONE_NEW(                                                                                     \
        new[],                                                                                     \
        (std::size_t size, const std::nothrow_t&) noexcept,                                        \
        try_new_array(size, DRONE_GLOBAL_CALLER)                                                   \
    )                                                                                              \
    DRONE_NEW(                                                                                     \
        new[],                                                                                     \
        (std::size_t size, std::align_val_t alignment),                                            \
        new_or_exhausted(size, DRONE_ALIGNMENT, DRONE_GLOBAL_CALLER)                               \
    )                                                                                              \
    DRONE_NEW(                                                                                     \
        new[],                                                                                     \
        (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept,            \
        allocate(size, DRONE_ALIGNMENT, DRONE_GLOBAL_CALLER)                                       \
    )                                                                                              \
    DRONE_DELETE(delete, (void* block))                                                            \
    DRONE_DELETE(delete[], (void* block))                                                          \
    DRONE_DELETE(delete, (void* block, std::size_t))                                               \
    DRONE_DELETE(delete[], (void* block, std::size_t))                                             \
    DRONE_DELETE(delete, (void* block, std::align_val_t))                                          \
    DRONE_DELETE(delete[], (void* block, std::align_val_t))                                        \
    DRONE_DELETE(delete, (void* block, std::size_t, std::align_val_t))                             \
    DRONE_DELETE(delete[], (void* block, std::size_t, std::align_val_t))                           \
    DRONE_DELETE(delete, (void* block, const std::nothrow_t&))                                     \
    DRONE_DELETE(delete[], (void* block, const std::nothrow_t&))                                   \
    DRONE_DELETE(delete, (void* block, std::align_val_t, const std::nothrow_t&))                   \
    DRONE_DELETE(delete[], (void* block, std::align_val_t, const std::nothrow_t&))

// Each in a section of its own, so that the linker drops what nobody refers to without
// -ffunction-sections, too.
#define DRONE_C_FACE(result, name, parameters, ...)                                                \
    [[gnu::section(".text.drone." #name)]] DRONE_GLOBAL_FACE result name parameters {              \
        return drone_faces().__VA_ARGS__;                                                          \
    }
#define DRONE_DEFINE_MALLOC                                                                        \
    DRONE_C_FACE(void*, malloc, (std::size_t size), malloc(size, DRONE_GLOBAL_CALLER))             \
    DRONE_C_FACE(void, free, (void* block), deallocate(block, DRONE_GLOBAL_CALLER))                \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        calloc,                                                                                    \
        (std::size_t count, std::size_t size),                                                     \
        calloc(count, size, DRONE_GLOBAL_CALLER)                                                   \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*, realloc, (void* block, std::size_t size), realloc(block, size, DRONE_GLOBAL_CALLER) \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        reallocarray,                                                                              \
        (void* block, std::size_t count, std::size_t size),                                        \
        reallocarray(block, count, size, DRONE_GLOBAL_CALLER)                                      \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        aligned_alloc,                                                                             \
        (std::size_t alignment, std::size_t size),                                                 \
        aligned_alloc(alignment, size, DRONE_GLOBAL_CALLER)                                        \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        memalign,                                                                                  \
        (std::size_t alignment, std::size_t size),                                                 \
        aligned_alloc(alignment, size, DRONE_GLOBAL_CALLER)                                        \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        int,                                                                                       \
        posix_memalign,                                                                            \
        (void** block, std::size_t alignment, std::size_t size),                                   \
        posix_memalign(block, alignment, size, DRONE_GLOBAL_CALLER)                                \
    )                                                                                              \
    DRONE_C_FACE(void*, valloc, (std::size_t size), valloc(size, DRONE_GLOBAL_CALLER))             \
    DRONE_C_FACE(void*, pvalloc, (std::size_t size), pvalloc(size, DRONE_GLOBAL_CALLER))           \
    DRONE_C_FACE(std::size_t, malloc_usable_size, (void* block), malloc_usable_size(block))

#if defined(__NEWLIB__) || defined(__PICOLIBC__)
#define DRONE_DEFINE_NEWLIB_MALLOC                                                                 \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        reallocf,                                                                                  \
        (void* block, std::size_t size),                                                           \
        reallocf(block, size, DRONE_GLOBAL_CALLER)                                                 \
    )                                                                                              \
    DRONE_C_FACE(void, cfree, (void* block), deallocate(block, DRONE_GLOBAL_CALLER))
#else
#define DRONE_DEFINE_NEWLIB_MALLOC
#endif

#if defined(__NEWLIB__) && !defined(__PICOLIBC__)
// newlib's own code calls the reentrant variants, and with -fno-builtin nothing else ties them to
// ours.
struct _reent;
#define DRONE_DEFINE_REENTRANT_MALLOC                                                              \
    DRONE_C_FACE(                                                                                  \
        void*, _malloc_r, (struct _reent*, std::size_t size), malloc(size, DRONE_GLOBAL_CALLER)    \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void, _free_r, (struct _reent*, void* block), deallocate(block, DRONE_GLOBAL_CALLER)       \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        _calloc_r,                                                                                 \
        (struct _reent*, std::size_t count, std::size_t size),                                     \
        calloc(count, size, DRONE_GLOBAL_CALLER)                                                   \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        _realloc_r,                                                                                \
        (struct _reent*, void* block, std::size_t size),                                           \
        realloc(block, size, DRONE_GLOBAL_CALLER)                                                  \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        _memalign_r,                                                                               \
        (struct _reent*, std::size_t alignment, std::size_t size),                                 \
        aligned_alloc(alignment, size, DRONE_GLOBAL_CALLER)                                        \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*, _valloc_r, (struct _reent*, std::size_t size), valloc(size, DRONE_GLOBAL_CALLER)    \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*, _pvalloc_r, (struct _reent*, std::size_t size), pvalloc(size, DRONE_GLOBAL_CALLER)  \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        std::size_t,                                                                               \
        _malloc_usable_size_r,                                                                     \
        (struct _reent*, void* block),                                                             \
        malloc_usable_size(block)                                                                  \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void*,                                                                                     \
        _reallocf_r,                                                                               \
        (struct _reent*, void* block, std::size_t size),                                           \
        reallocf(block, size, DRONE_GLOBAL_CALLER)                                                 \
    )                                                                                              \
    DRONE_C_FACE(                                                                                  \
        void, _cfree_r, (struct _reent*, void* block), deallocate(block, DRONE_GLOBAL_CALLER)      \
    )
#else
#define DRONE_DEFINE_REENTRANT_MALLOC
#endif
