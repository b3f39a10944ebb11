/* SPDX-License-Identifier: MIT */
#include "esp_heap_caps.h"
#include "first_fit.h"
#include "system.h"
#include <drone_trace.h>
void system_begin(void) { drone_trace_heap(arena, sizeof arena, 8); }
void *system_take(size_t size) {
    void *const block = fit(size);
    if (block != NULL) esp_heap_trace_alloc_hook(block, size, 0); /* not of one that failed */
    return block;
}
void system_give(void *block) {
    esp_heap_trace_free_hook(block);
    unfit(block);
}
size_t system_told(size_t size) { return size; }
