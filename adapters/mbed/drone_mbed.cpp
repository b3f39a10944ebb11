// SPDX-License-Identifier: MIT

// Mbed OS: with MBED_MEM_TRACING_ENABLED the C library's wrappers call back, the caller included.
// drone_mbed_trace() begins it.

#include "platform/mbed_mem_trace.h"

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <drone_trace.h>

namespace {

void on_call(std::uint8_t operation, void* result, void* caller, ...) {
    va_list more;
    va_start(more, caller);
    switch (operation) {
    case MBED_MEM_TRACE_MALLOC:
        drone_trace_alloc_from(result, va_arg(more, std::size_t), 0, caller);
        break;
    case MBED_MEM_TRACE_CALLOC: {
        const std::size_t count = va_arg(more, std::size_t);
        drone_trace_alloc_from(result, count * va_arg(more, std::size_t), 0, caller);
        break;
    }
    case MBED_MEM_TRACE_REALLOC: {
        void* const old = va_arg(more, void*);
        const std::size_t size = va_arg(more, std::size_t);
        if (result == old && old != nullptr) {
            drone_trace_resize_from(old, size, caller);
            break;
        }
        if (result != nullptr || size != 0) drone_trace_alloc_from(result, size, 0, caller);
        if (old != nullptr && (result != nullptr || size == 0)) drone_trace_free_from(old, caller);
        break;
    }
    case MBED_MEM_TRACE_FREE:
        drone_trace_free_from(va_arg(more, void*), caller);
        break;
    default:
        break;
    }
    va_end(more);
}

} // namespace

/// Begins the trace of the heap at `base`, with Mbed's lock around each call.
void drone_mbed_trace(const void* base, std::size_t size) {
    drone_trace_heap(base, size, 8);
    mbed_mem_trace_set_callback(on_call);
}
