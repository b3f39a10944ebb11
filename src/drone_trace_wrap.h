/* SPDX-License-Identifier: MIT
 *
 * Part of drone_trace.c: the wrappers of a C library's allocator, which the linker puts between it and
 * everybody who calls it.
 *
 *   newlib, newlib-nano   -Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r:
 *                         malloc, calloc, strdup, new and the library itself all pass there
 *   picolibc, any malloc  -Wl,--wrap=malloc,--wrap=free,--wrap=realloc and DRONE_TRACE_WRAP 2
 *
 * With DRONE_TRACE_WRAP_MORE: _memalign_r, too, and _calloc_r, whose caller is then told instead of the
 * library; or calloc, memalign and aligned_alloc.
 *
 * An allocator calls itself: realloc and memalign call malloc and free, and what they shift or cut off
 * is no block of the program. So calls within a call are not reported, and only what came of the
 * outermost is.
 *
 * "undefined reference to __real_...": the linker's flag is missing; a program that traces another heap
 * than the library's sets DRONE_TRACE_WRAP to 0. */
#ifndef DRONE_TRACE_WRAP
#if defined __PICOLIBC__ || defined __linux__
#define DRONE_TRACE_WRAP 2
#else
#define DRONE_TRACE_WRAP 1
#endif
#endif

#if DRONE_TRACE_WRAP != 0

#if DRONE_TRACE_WRAP == 1
#define WRAP(name) __wrap__##name##_r
#define REAL(name) __real__##name##_r
#define WHOSE void *reent,
#define GIVEN reent,
void __malloc_lock(void*) __attribute__((weak));
void __malloc_unlock(void*) __attribute__((weak));
#define LOCK() (__malloc_lock != NULL ? __malloc_lock(reent) : (void)0)
#define UNLOCK() (__malloc_unlock != NULL ? __malloc_unlock(reent) : (void)0)
#else
#define WRAP(name) __wrap_##name
#define REAL(name) __real_##name
#define WHOSE
#define GIVEN
#ifndef DRONE_TRACE_MALLOC_LOCK
#define DRONE_TRACE_MALLOC_LOCK() ((void)0)
#define DRONE_TRACE_MALLOC_UNLOCK() ((void)0)
#endif
#define LOCK() DRONE_TRACE_MALLOC_LOCK()
#define UNLOCK() DRONE_TRACE_MALLOC_UNLOCK()
#endif

#define FUNCTION(result, name, parameters)                                                         \
    result REAL(name) parameters;                                                                  \
    result WRAP(name)                                                                              \
    parameters __attribute__((noinline));                                                          \
    result WRAP(name) parameters
#define CALLER __builtin_return_address(0)

static unsigned depth; /* of calls within calls, under the allocator's own lock */

/* While nobody listens a wrapper is a branch to what it wraps. */
static int nobody_listens(void) {
    struct heap* h = heaps;
    int any = 0;
    for (; h != heaps + DRONE_TRACE_HEAPS; ++h)
        any |= is_heard(h);
    return !any;
}

/* The arena of the library, unless the program told it with drone_trace_heap(). */
static void find_arena(void) {
#ifdef DRONE_TRACE_HEAP_BASE
    if (heaps[0].layout[0] == 0)
        drone_trace_heap(
            (const void*)(DRONE_TRACE_HEAP_BASE), DRONE_TRACE_HEAP_SIZE, 2 * sizeof(void*)
        );
#elif defined __ELF__
    extern char __heap_start[] __attribute__((weak)), __heap_end[] __attribute__((weak));
    extern char end[] __attribute__((weak));
    if (heaps[0].layout[0] == 0) {
        const uintptr_t base = (uintptr_t)(__heap_start != NULL ? __heap_start : end);
        const uintptr_t top =
            __heap_end != NULL ? (uintptr_t)__heap_end : (uintptr_t)__builtin_frame_address(0);
        drone_trace_heap(
            (const void*)base, top > base ? top - base : HEAP_LIMIT, 2 * sizeof(void*)
        );
    }
#endif
}

/* A wrapper that takes a block: the call of what it wraps, the bytes asked for, the alignment. A macro,
 * because CALLER is the wrapper's. */
#define TAKES(call, asked, alignment)                                                              \
    void* block;                                                                                   \
    int outermost;                                                                                 \
    if (nobody_listens()) return call;                                                             \
    LOCK();                                                                                        \
    outermost = depth++ == 0;                                                                      \
    block = call;                                                                                  \
    --depth;                                                                                       \
    UNLOCK();                                                                                      \
    if (outermost) {                                                                               \
        find_arena();                                                                              \
        drone_trace_alloc_from(block, asked, alignment, CALLER);                                   \
    }                                                                                              \
    return block

FUNCTION(void*, malloc, (WHOSE size_t asked)) { TAKES(REAL(malloc)(GIVEN asked), asked, 0); }

FUNCTION(void, free, (WHOSE void* block)) {
    unsigned within = depth;
    if (nobody_listens()) {
        REAL(free)(GIVEN block);
        return;
    }
    if (within != 0) { /* of this thread, or of another one */
        LOCK();
        within = depth;
        UNLOCK();
    }
    if (within == 0 && block != NULL) drone_trace_free_from(block, CALLER);
    REAL(free)(GIVEN block);
}

/* Reported under the lock: nobody takes the old place before its free is told. */
FUNCTION(void*, realloc, (WHOSE void* old, size_t asked)) {
    char* block;
    int outermost;
    if (nobody_listens()) return REAL(realloc)(GIVEN old, asked);
    LOCK();
    outermost = depth++ == 0;
    block = REAL(realloc)(GIVEN old, asked);
    --depth;
    if (outermost) {
        find_arena();
        if (block == old && old != NULL) {
            drone_trace_resize_from(old, asked, CALLER);
        } else {
            /* A block that grew downwards lies over its old place. */
            const int overlaps = old != NULL && (uintptr_t)old - (uintptr_t)block < asked;
            if (overlaps) drone_trace_free_from(old, CALLER);
            if (block != NULL || asked != 0) drone_trace_alloc_from(block, asked, 0, CALLER);
            if (!overlaps && old != NULL && (block != NULL || asked == 0))
                drone_trace_free_from(old, CALLER);
        }
    }
    UNLOCK();
    return block;
}

#ifdef DRONE_TRACE_WRAP_MORE
FUNCTION(void*, memalign, (WHOSE size_t alignment, size_t asked)) {
    TAKES(REAL(memalign)(GIVEN alignment, asked), asked, alignment);
}

FUNCTION(void*, calloc, (WHOSE size_t count, size_t size)) {
    TAKES(REAL(calloc)(GIVEN count, size), count * size, 0);
}

#if DRONE_TRACE_WRAP == 2
FUNCTION(void*, aligned_alloc, (size_t alignment, size_t asked)) {
    TAKES(REAL(aligned_alloc)(alignment, asked), asked, alignment);
}
#endif
#endif
#endif
