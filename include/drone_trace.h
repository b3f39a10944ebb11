/* SPDX-License-Identifier: MIT
 *
 * Traces a heap that is not Drone's: newlib's malloc, an RTOS's heap, one of your own. `drone heap`
 * then says what it does, who holds it, what it wastes, and what it would take with pools. C99, one
 * source file (drone_trace.c), no dependency; docs/trace_your_heap.md is the way from a Makefile to
 * the numbers.
 *
 * Nothing is sent, and a call costs some ten instructions, while nobody listens. Interrupts are masked
 * around the write of a word and nothing else. Any context may call, an interrupt included.
 *
 * Order. Report an allocation after the allocator made it; report a deallocation, and a resize that
 * gives a part back, before the allocator gets it. Otherwise a place that another context takes
 * meanwhile is live twice.
 *
 * Where the words go, whether callers and contexts are told, and how interrupts are masked is set in
 * a file drone_trace_config.h of yours (templates/drone_trace_config.h has every setting).
 */
#ifndef DRONE_TRACE_H
#define DRONE_TRACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A heap: its first byte, its bytes (at most 16 MiB are traced), and what each block's address is a
 * multiple of, a power of two. Saying it again changes nothing. Call it before the first block is
 * reported; blocks in no such heap are not traced. The first heap's trace is on port 31, the next one's
 * on 30, and so on. */
void drone_trace_heap(const void* base, size_t size, size_t alignment);

/* A block was taken: where, the bytes asked for, and the alignment if more than the heap's was asked
 * for, else 0. A null block is a request that failed. The caller is who asked. */
void drone_trace_alloc_from(const void* block, size_t asked, size_t alignment, const void* caller);
/* A block is about to be given back. Null is nothing. */
void drone_trace_free_from(const void* block, const void* caller);
/* A block has other bytes now and kept its place. One that moves is an allocation and a free. */
void drone_trace_resize_from(const void* block, size_t asked, const void* caller);
/* The heap that holds `place` (null: the first one) could not serve a request. */
void drone_trace_failed_from(const void* place, size_t asked, const void* caller);

/* The same, of whoever called the function in which this is written. */
#define drone_trace_alloc(block, asked)                                                            \
    drone_trace_alloc_from((block), (asked), 0, __builtin_return_address(0))
#define drone_trace_free(block) drone_trace_free_from((block), __builtin_return_address(0))
#define drone_trace_resize(block, asked)                                                           \
    drone_trace_resize_from((block), (asked), __builtin_return_address(0))
#define drone_trace_failed(asked)                                                                  \
    drone_trace_failed_from(NULL, (asked), __builtin_return_address(0))

/* The program ends: one more check, which makes certain what came before, and all bytes out. */
void drone_trace_end(void);
/* UART: moves what waits in the queue into the UART as far as it takes it, for the idle loop. Whether
 * some is left. */
int drone_trace_pump(void);

#ifdef __cplusplus
}
#endif
#endif
