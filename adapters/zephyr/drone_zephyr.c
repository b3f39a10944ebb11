/* SPDX-License-Identifier: MIT
 *
 * Zephyr's heaps: listeners of the C library's malloc, and of one more heap that the program names
 * with drone_zephyr_listen(). Needs CONFIG_HEAP_LISTENER. */
#include <zephyr/init.h>
#include <zephyr/sys/heap_listener.h>

#include <drone_trace.h>

static void taken(uintptr_t heap, void *block, size_t bytes) {
    (void)heap;
    drone_trace_alloc(block, bytes);
}

static void given_back(uintptr_t heap, void *block, size_t bytes) {
    (void)heap;
    (void)bytes;
    drone_trace_free(block);
}

static struct heap_listener of_malloc[2] = {
    {.heap_id = HEAP_ID_LIBC, .event = HEAP_ALLOC, .alloc_cb = taken},
    {.heap_id = HEAP_ID_LIBC, .event = HEAP_FREE, .free_cb = given_back},
};
static struct heap_listener of_heap[2];

/* A heap of the program's: its struct, and where its memory is. */
void drone_zephyr_listen(void *heap, const void *base, size_t size);
void drone_zephyr_listen(void *heap, const void *base, size_t size) {
    int i;
    drone_trace_heap(base, size, 2 * sizeof(void *));
    for (i = 0; i < 2; ++i) {
        of_heap[i] = of_malloc[i];
        of_heap[i].heap_id = HEAP_ID_FROM_POINTER(heap);
        heap_listener_register(&of_heap[i]);
    }
}

static int listen_to_malloc(void) {
    heap_listener_register(&of_malloc[0]);
    heap_listener_register(&of_malloc[1]);
    return 0;
}
SYS_INIT(listen_to_malloc, PRE_KERNEL_2, 0);
