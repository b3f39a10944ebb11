/* SPDX-License-Identifier: MIT
 *
 * Traces FreeRTOS's heap_1, heap_2, heap_4 or heap_5, with its tasks by name. Three lines: drone_trace.c is among the
 * sources, and this is the last line of FreeRTOSConfig.h and of drone_trace_config.h:
 *
 *     #include "drone_freertos.h"
 *
 * The hooks run inside the kernel's lock. They report a block with its header, which `drone heap
 * --overhead 8` takes off (heap_1 has none). heap_3 is the C library's malloc: trace that one.
 *
 * Tasks need configUSE_TRACE_FACILITY and INCLUDE_xTaskGetCurrentTaskHandle; a program that has
 * traceTASK_CREATE for itself calls drone_freertos_created() there.
 *
 * heap_5's regions are not in the kernel's own array: define DRONE_FREERTOS_ARENA() as nothing before
 * the include, and call drone_trace_heap() for each region before vPortDefineHeapRegions(). */
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

/* The kernel made a task: it gets the next number, by which the trace knows it. */
void drone_freertos_created(void *task);
#ifndef traceTASK_CREATE
#define traceTASK_CREATE(pxNewTCB) drone_freertos_created(pxNewTCB)
#endif

#ifdef DRONE_TRACE_C /* drone_trace.c reads its settings */

#include "FreeRTOS.h"
#include "task.h"

#define DRONE_TRACE_WRAP 0
#define DRONE_TRACE_CONTEXT() drone_freertos_context()
#define DRONE_TRACE_CONTEXT_NAME() drone_freertos_name()

void drone_freertos_created(void *task) {
    static UBaseType_t tasks;
    vTaskSetTaskNumber((TaskHandle_t)task, ++tasks);
}

static uint32_t drone_freertos_exception(void) {
    uint32_t number = 0;
#if defined __ARM_ARCH_PROFILE && __ARM_ARCH_PROFILE == 'M'
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
#endif
    return number;
}

/* An exception's number, or 512 + the task's; 512 before there is a task. */
static uint32_t drone_freertos_context(void) {
    const uint32_t exception = drone_freertos_exception();
    TaskHandle_t task;
    if (exception != 0) return exception;
    task = xTaskGetCurrentTaskHandle();
    return 512U + (task == NULL ? 0U : (uint32_t)uxTaskGetTaskNumber(task));
}

static const char *drone_freertos_name(void) {
    const TaskHandle_t task = xTaskGetCurrentTaskHandle();
    return drone_freertos_exception() != 0 || task == NULL ? NULL : pcTaskGetName(task);
}

#endif
#endif
#endif
