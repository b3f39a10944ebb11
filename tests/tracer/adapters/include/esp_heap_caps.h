/* ESP-IDF 5.1, with CONFIG_HEAP_USE_HOOKS. */
#include <stddef.h>
#include <stdint.h>
void esp_heap_trace_alloc_hook(void *ptr, size_t size, uint32_t caps);
void esp_heap_trace_free_hook(void *ptr);
void drone_esp_idf_include(void);
