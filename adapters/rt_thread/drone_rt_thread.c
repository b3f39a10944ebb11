/* SPDX-License-Identifier: MIT
 *
 * RT-Thread's heap, with RT_USING_HOOK and RT_USING_HEAP: drone_rt_thread(base, size) after the heap
 * was begun. The hooks' signature changed: since 5.1.0 they get the address of the pointer. */
#include <rthw.h>
#include <rtthread.h>

#include <drone_trace.h>

#ifndef DRONE_RT_THREAD_POINTERS
#if defined RT_VERSION_MAJOR && (RT_VERSION_MAJOR > 5 || (RT_VERSION_MAJOR == 5 && RT_VERSION_MINOR >= 1))
#define DRONE_RT_THREAD_POINTERS 1
#else
#define DRONE_RT_THREAD_POINTERS 0
#endif
#endif

#if DRONE_RT_THREAD_POINTERS
static void taken(void **block, rt_size_t size) { drone_trace_alloc(*block, size); }
static void given_back(void **block) { drone_trace_free(*block); }
#else
static void taken(void *block, rt_size_t size) { drone_trace_alloc(block, size); }
static void given_back(void *block) { drone_trace_free(block); }
#endif

void drone_rt_thread(void *base, rt_size_t size);
void drone_rt_thread(void *base, rt_size_t size) {
    drone_trace_heap(base, size, RT_ALIGN_SIZE);
    rt_malloc_sethook(taken);
    rt_free_sethook(given_back);
}
