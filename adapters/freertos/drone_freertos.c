/* SPDX-License-Identifier: MIT
 *
 * FreeRTOS's tasks as contexts of the trace, on Cortex-M: in drone_trace_config.h,
 *
 *     uint32_t drone_freertos_context(void);
 *     #define DRONE_TRACE_CONTEXT() drone_freertos_context()
 *
 * A task's number is the one that the program gave it with vTaskSetTaskNumber(). Needs
 * configUSE_TRACE_FACILITY and INCLUDE_xTaskGetCurrentTaskHandle. */
#include <stdint.h>

#include "FreeRTOS.h"
#include "task.h"

uint32_t drone_freertos_context(void);

uint32_t drone_freertos_context(void) {
    uint32_t exception;
    TaskHandle_t task;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    if (exception != 0) return exception;
    task = xTaskGetCurrentTaskHandle();
    return 512U + (task == NULL ? 0U : (uint32_t)uxTaskGetTaskNumber(task));
}
