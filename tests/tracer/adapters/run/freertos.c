/* SPDX-License-Identifier: MIT
 *
 * FreeRTOS as far as its hooks go: heap_4's arena and what it tells traceMALLOC and traceFREE, and tasks that a kernel
 * made. Not its scheduler. */
#include "FreeRTOS.h"
#include "task.h"
#include "system.h"

#ifndef ON_OUR_HEAP
#define ARENA ucHeap
static uint8_t ucHeap[configTOTAL_HEAP_SIZE] __attribute__((aligned(portBYTE_ALIGNMENT)));
#include "first_fit.h"
typedef struct header BlockLink_t;

void *pvPortMalloc(size_t xWantedSize) {
    void *const pvReturn = fit(xWantedSize);
    traceMALLOC(pvReturn, block_size(xWantedSize));
    return pvReturn;
}
void vPortFree(void *pv) {
    traceFREE(pv, ((struct header *)pv - 1)->size);
    unfit(pv);
}
#endif

struct tskTaskControlBlock {
    char pcTaskName[16];
    UBaseType_t uxTaskNumber;
};
static struct tskTaskControlBlock tasks[system_tasks] = {{"main", 0}, {"net", 0}, {"network_monitor", 0}};
static TaskHandle_t pxCurrentTCB;
TaskHandle_t xTaskGetCurrentTaskHandle(void) { return pxCurrentTCB; }
UBaseType_t uxTaskGetTaskNumber(TaskHandle_t xTask) { return xTask->uxTaskNumber; }
void vTaskSetTaskNumber(TaskHandle_t xTask, const UBaseType_t uxHandle) { xTask->uxTaskNumber = uxHandle; }
char *pcTaskGetName(TaskHandle_t xTask) { return (xTask == NULL ? pxCurrentTCB : xTask)->pcTaskName; }

void system_begin(void) {
#ifndef ON_OUR_HEAP
    for (unsigned i = 0; i < system_tasks; ++i)
        traceTASK_CREATE(&tasks[i]);
#endif
}
void *system_take(size_t size) { return pvPortMalloc(size); }
void system_give(void *block) { vPortFree(block); }
size_t system_told(size_t size) { return (size + 7) & ~(size_t)7; }
const char *system_run(unsigned task) {
    pxCurrentTCB = &tasks[task];
    return pxCurrentTCB->pcTaskName;
}
