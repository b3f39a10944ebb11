/* SPDX-License-Identifier: MIT
 *
 * Traces FreeRTOS's heap_1, heap_2, heap_4 or heap_5: the last line of FreeRTOSConfig.h is
 *
 *     #include "drone_freertos.h"
 *
 * and drone_trace.c is among the sources, with DRONE_TRACE_WRAP 0. The hooks run inside the kernel's
 * lock. They report a block with its header, which `drone heap --overhead 8` takes off (heap_1 has
 * none). heap_3 is the C library's malloc: trace that one.
 *
 * heap_5's regions are not in the kernel's own array: define DRONE_FREERTOS_ARENA() as nothing before
 * the include, and call drone_trace_heap() for each region before vPortDefineHeapRegions().
 *
 * Tasks as contexts: DRONE_TRACE_CONTEXT() drone_freertos_context(), see drone_freertos.c. */
#ifndef DRONE_FREERTOS_H
#define DRONE_FREERTOS_H
#ifndef __ASSEMBLER__

#include <drone_trace.h>

#ifndef DRONE_FREERTOS_ARENA
/* Where the hooks are expanded, in heap_N.c, the arena has this name. */
#define DRONE_FREERTOS_ARENA() drone_trace_heap(ucHeap, configTOTAL_HEAP_SIZE, portBYTE_ALIGNMENT)
#endif

#define traceMALLOC(pvAddress, uiSize) \
    do { \
        DRONE_FREERTOS_ARENA(); \
        drone_trace_alloc((pvAddress), (uiSize)); \
    } while (0)
#define traceFREE(pvAddress, uiSize) \
    do { \
        (void)(uiSize); \
        drone_trace_free(pvAddress); \
    } while (0)

#endif
#endif
