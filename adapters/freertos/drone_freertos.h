/* SPDX-License-Identifier: MIT
 *
 * Traces FreeRTOS's heap_1 to heap_5, with its tasks by name. Three lines: drone_trace.c is among the
 * sources, and this is the last line of FreeRTOSConfig.h and of drone_trace_config.h:
 *
 *     #include "drone_freertos.h"
 *
 * The hooks run inside the kernel's lock. Sizes are those asked for, rounded up to portBYTE_ALIGNMENT.
 *
 * Tasks need configUSE_TRACE_FACILITY and INCLUDE_xTaskGetCurrentTaskHandle, and what main() takes before
 * the scheduler starts is the first task's without INCLUDE_xTaskGetSchedulerState. A program that has
 * traceTASK_CREATE for itself calls drone_freertos_created() there.
 *
 * Three heaps need `#define DRONE_FREERTOS_HEAP` 1, 3 or 5 before both includes:
 * heap_1 has no header before each block.
 * heap_3 is the C library's malloc, which drone_trace.c wraps: add the linker's flags for it.
 * heap_5's regions are the program's: call drone_trace_heap() for each before vPortDefineHeapRegions(),
 * and set DRONE_TRACE_HEAPS to how many they are. */
#ifndef DRONE_FREERTOS_H
#define DRONE_FREERTOS_H
#ifndef __ASSEMBLER__

#include <drone_trace.h>

#ifndef DRONE_FREERTOS_HEAP
#define DRONE_FREERTOS_HEAP 4 /* or 2 */
#endif

/* What heap_N.c adds to a size before its hook has it. With the header a block would end beyond its
 * place, and the last one beyond the arena. "BlockLink_t undeclared": this is heap_1. */
#if DRONE_FREERTOS_HEAP == 1
#define DRONE_FREERTOS_HEADER 0U
#else
#define DRONE_FREERTOS_HEADER                                                                       \
    ((sizeof(BlockLink_t) + portBYTE_ALIGNMENT - 1U) & ~(size_t)(portBYTE_ALIGNMENT - 1U))
#endif

#define DRONE_FREERTOS_ASKED(size) ((size) > DRONE_FREERTOS_HEADER ? (size) - DRONE_FREERTOS_HEADER : (size))

#if DRONE_FREERTOS_HEAP != 3
#ifndef DRONE_FREERTOS_ARENA
#if DRONE_FREERTOS_HEAP == 5
#define DRONE_FREERTOS_ARENA() (void)0
#else /* Where the hooks are expanded, in heap_N.c, the arena has this name. */
#define DRONE_FREERTOS_ARENA() drone_trace_heap(ucHeap, configTOTAL_HEAP_SIZE, portBYTE_ALIGNMENT)
#endif
#endif

#define traceMALLOC(pvAddress, uiSize) \
    do { \
        DRONE_FREERTOS_ARENA(); \
        drone_trace_alloc((pvAddress), DRONE_FREERTOS_ASKED(uiSize)); \
    } while (0)
#define traceFREE(pvAddress, uiSize) \
    do { \
        (void)(uiSize); \
        drone_trace_free(pvAddress); \
    } while (0)
#endif

/* The kernel made a task: it gets the next number, by which the trace knows it. */
void drone_freertos_created(void *task);
#ifndef traceTASK_CREATE
#define traceTASK_CREATE(pxNewTCB) drone_freertos_created(pxNewTCB)
#endif

#ifdef DRONE_TRACE_C /* drone_trace.c reads its settings */

#include "FreeRTOS.h"
#include "task.h"

#if DRONE_FREERTOS_HEAP != 3
#define DRONE_TRACE_WRAP 0
#endif
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

/* NULL before the scheduler starts, when the kernel already has a first task. */
static TaskHandle_t drone_freertos_task(void) {
#if INCLUDE_xTaskGetSchedulerState == 1
    if (xTaskGetSchedulerState() == taskSCHEDULER_NOT_STARTED) return NULL;
#endif
    return xTaskGetCurrentTaskHandle();
}

/* An exception's number, or 512 + the task's; 512 before there is a task. */
static uint32_t drone_freertos_context(void) {
    const uint32_t exception = drone_freertos_exception();
    TaskHandle_t task;
    if (exception != 0) return exception;
    task = drone_freertos_task();
    return 512U + (task == NULL ? 0U : (uint32_t)uxTaskGetTaskNumber(task));
}

static const char *drone_freertos_name(void) {
    const TaskHandle_t task = drone_freertos_task();
    return drone_freertos_exception() != 0 || task == NULL ? NULL : pcTaskGetName(task);
}

#endif
#endif
#endif
