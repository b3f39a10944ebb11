/* Mbed OS 6. */
#include <stddef.h>
#include <stdint.h>
extern "C" {
enum { MBED_MEM_TRACE_MALLOC, MBED_MEM_TRACE_REALLOC, MBED_MEM_TRACE_CALLOC, MBED_MEM_TRACE_FREE };
typedef void (*mbed_mem_trace_cb_t)(uint8_t op, void *res, void *caller, ...);
void mbed_mem_trace_set_callback(mbed_mem_trace_cb_t cb);
}
