/* Zephyr 3, include/zephyr/sys/heap_listener.h. */
#include <stddef.h>
#include <stdint.h>
enum heap_event_types { HEAP_EVT_UNKNOWN = 0, HEAP_RESIZE, HEAP_ALLOC, HEAP_FREE, HEAP_REALLOC };
#define HEAP_ID_FROM_POINTER(heap_pointer) ((uintptr_t)heap_pointer)
#define HEAP_ID_LIBC ((uintptr_t)0)
typedef void (*heap_listener_alloc_cb_t)(uintptr_t heap_id, void *mem, size_t bytes);
typedef void (*heap_listener_free_cb_t)(uintptr_t heap_id, void *mem, size_t bytes);
struct heap_listener {
    void *node;
    uintptr_t heap_id;
    enum heap_event_types event;
    union {
        heap_listener_alloc_cb_t alloc_cb;
        heap_listener_free_cb_t free_cb;
    };
};
void heap_listener_register(struct heap_listener *listener);
