/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF's heaps: with CONFIG_HEAP_USE_HOOKS the allocator calls these two. The program names the
 * heaps that it wants traced, with drone_trace_heap(), in app_main(); the first one is usually
 * heap_caps_get_info()'s internal RAM. The hooks may run in interrupts, from IRAM. */
#include <stddef.h>
#include <stdint.h>

#include "esp_attr.h"
#include "esp_heap_caps.h"

#include <drone_trace.h>

void esp_heap_trace_alloc_hook(void *block, size_t size, uint32_t caps) {
    (void)caps;
    drone_trace_alloc(block, size);
}

void esp_heap_trace_free_hook(void *block) { drone_trace_free(block); }

/* Without it the linker would leave this file out: nothing of the program refers to the hooks. */
void drone_esp_idf_include(void) {}
