/* SPDX-License-Identifier: MIT */
#include "first_fit.h"
#include "system.h"
#include <drone_trace.h>
#include <zephyr/sys/heap_listener.h>
extern int (*const drone_init_PRE_KERNEL_2)(void);
static struct heap_listener *listeners[4];
void heap_listener_register(struct heap_listener *listener) {
    unsigned i = 0;
    while (listeners[i] != NULL)
        ++i;
    listeners[i] = listener;
}
void system_begin(void) {
    drone_trace_heap(arena, sizeof arena, 8);
    drone_init_PRE_KERNEL_2();
}
void *system_take(size_t size) {
    void *const block = fit(size);
    for (unsigned i = 0; block != NULL && i < 4 && listeners[i] != NULL; ++i)
        if (listeners[i]->event == HEAP_ALLOC) listeners[i]->alloc_cb(HEAP_ID_LIBC, block, (size + 7) & ~(size_t)7);
    return block;
}
void system_give(void *block) {
    for (unsigned i = 0; i < 4 && listeners[i] != NULL; ++i)
        if (listeners[i]->event == HEAP_FREE) listeners[i]->free_cb(HEAP_ID_LIBC, block, 0);
    unfit(block);
}
size_t system_told(size_t size) { return (size + 7) & ~(size_t)7; }
