/* SPDX-License-Identifier: MIT
 *
 * The hooks as FreeRTOS's heap_4 calls them: within the file that has the arena, a block with its header, a
 * null block where it failed. The rest of it is the simplest allocator. */
#include "FreeRTOS.h"
#include "task.h"

static uint8_t ucHeap[configTOTAL_HEAP_SIZE] __attribute__((aligned(portBYTE_ALIGNMENT)));
static size_t used;

void *pvPortMalloc(size_t xWantedSize) {
    void *pvReturn = NULL;
    xWantedSize = (xWantedSize + 8 + 7) & ~(size_t)7;
    if (used + xWantedSize <= sizeof ucHeap) {
        pvReturn = &ucHeap[used + 8];
        used += xWantedSize;
    }
    traceMALLOC(pvReturn, xWantedSize);
    return pvReturn;
}

void vPortFree(void *pv) { traceFREE(pv, 0); }
