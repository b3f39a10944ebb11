// SPDX-License-Identifier: MIT
#include "first_fit.h"
#include "platform/mbed_mem_trace.h"
#include "system.h"

void drone_mbed_trace(const void* base, size_t size);
static mbed_mem_trace_cb_t callback;

extern "C" {
void mbed_mem_trace_set_callback(mbed_mem_trace_cb_t cb) { callback = cb; }
void system_begin(void) { drone_mbed_trace(arena, sizeof arena); }
void* system_take(size_t size) {
    void* const block = fit(size);
    callback(MBED_MEM_TRACE_MALLOC, block, __builtin_return_address(0), size);
    return block;
}
void system_give(void* block) {
    unfit(block);
    callback(MBED_MEM_TRACE_FREE, nullptr, __builtin_return_address(0), block);
}
size_t system_told(size_t size) { return size; }
}
