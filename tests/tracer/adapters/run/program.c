/* SPDX-License-Identifier: MIT */

/* Takes blocks of a system's heap and gives them back, in its tasks, keeps books, and says at the end what is in them. */
#include "system.h"
#include <drone_trace.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef ON_OUR_HEAP
#include "FreeRTOS.h"
#endif

enum { most = 40 };
static struct {
    char *at;
    size_t size;
} blocks[most];
static unsigned long allocations, failures, live_blocks, live, peak, of_task[system_tasks];
static uint32_t state = 3;

static uint32_t below(uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

#ifdef ON_OUR_HEAP
static unsigned long told_failures;
void vApplicationMallocFailedHook(void) { ++told_failures; }
#endif

int main(void) {
    const char *names[system_tasks] = {0};
    system_begin();
    for (unsigned n = 0; n < 3000; ++n) {
        const unsigned task = n == 0 ? 0 : below(system_tasks), i = below(most);
        names[task] = system_run(task);
        if (blocks[i].at != NULL) {
            for (size_t k = 0; k < blocks[i].size; ++k)
                if (blocks[i].at[k] != (char)i) __builtin_trap();
            live -= system_told(blocks[i].size);
            --live_blocks;
            system_give(blocks[i].at);
            blocks[i].at = NULL;
            continue;
        }
        blocks[i].size = below(9) == 0 ? 1 + below(1500) : 1 + below(100);
        blocks[i].at = system_take(blocks[i].size);
        if (blocks[i].at == NULL) {
            ++failures;
            continue;
        }
        memset(blocks[i].at, (int)i, blocks[i].size);
        ++allocations;
        ++of_task[task];
        ++live_blocks;
        live += system_told(blocks[i].size);
        if (live > peak) peak = live;
    }
#ifdef ON_OUR_HEAP
    (void)names;
    HeapStats_t stats;
    vPortGetHeapStats(&stats);
    printf("Allocations: %u\n", (unsigned)stats.xNumberOfSuccessfulAllocations);
    printf("Live blocks: %u\n",
        (unsigned)(stats.xNumberOfSuccessfulAllocations - stats.xNumberOfSuccessfulFrees));
    printf("Failures: %lu\n", told_failures);
    printf("Books: %lu %lu %lu\n", allocations, live_blocks, failures);
    /* Nothing is free and nothing taken but what these functions say, also after a reset of the heap. */
    const size_t least = xPortGetMinimumEverFreeHeapSize();
    if (least > xPortGetFreeHeapSize() || stats.xMinimumEverFreeBytesRemaining != least) return 1;
    xPortResetHeapMinimumEverFreeHeapSize();
    if (xPortGetMinimumEverFreeHeapSize() != xPortGetFreeHeapSize()) return 2;
    vPortHeapResetState();
    vPortGetHeapStats(&stats);
    if (stats.xNumberOfSuccessfulAllocations != 0 || stats.xNumberOfFreeBlocks != 76) return 3;
    const size_t whole = xPortGetFreeHeapSize();
    unsigned char *const zeros = pvPortCalloc(10, 100);
    if (zeros == NULL || zeros[0] != 0 || zeros[999] != 0 || pvPortCalloc((size_t)-1, 2) != NULL) return 4;
    if (whole - xPortGetFreeHeapSize() != 1504) return 5; /* a block of the pool that serves it */
    vPortFree(zeros);
    if (xPortGetFreeHeapSize() != whole) return 6;
    printf("Functions: all\n");
#else
    drone_trace_end();
    printf("Allocations: %lu\nFailures: %lu\nPeak: %lu\nLive bytes: %lu\nLive blocks: %lu\n", allocations, failures, peak,
        live, live_blocks);
    for (unsigned task = 0; task < system_tasks; ++task)
        if (names[task] != NULL) printf("Task %s: %lu\n", names[task], of_task[task]);
#endif
    return 0;
}
