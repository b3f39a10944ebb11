// SPDX-License-Identifier: MIT
#pragma once

// The C tracer as the tests see it: once for each way to set it up, on one simulated port.

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#define DECLARE_TRACER(name)                                                                       \
    void name##_trace_heap(const void* base, std::size_t size, std::size_t alignment);             \
    void name##_trace_alloc_from(                                                                  \
        const void* block, std::size_t asked, std::size_t alignment, const void* caller            \
    );                                                                                             \
    void name##_trace_free_from(const void* block, const void* caller);                            \
    void name##_trace_resize_from(const void* block, std::size_t asked, const void* caller);       \
    void name##_trace_failed_from(const void* place, std::size_t asked, const void* caller);       \
    void name##_trace_end();

extern "C" {
DECLARE_TRACER(plain)
DECLARE_TRACER(told)
DECLARE_TRACER(named)
DECLARE_TRACER(dropping)
DECLARE_TRACER(stacks)
DECLARE_TRACER(stacks_dropping)
DECLARE_TRACER(frame)
DECLARE_TRACER(brief)
}

namespace drone::tracer {

struct functions {
    decltype(&plain_trace_heap) heap;
    decltype(&plain_trace_alloc_from) alloc;
    decltype(&plain_trace_free_from) free;
    decltype(&plain_trace_resize_from) resize;
    decltype(&plain_trace_failed_from) failed;
    decltype(&plain_trace_end) end;
};

#define TRACER_FUNCTIONS(name)                                                                     \
    drone::tracer::functions {                                                                     \
        name##_trace_heap, name##_trace_alloc_from, name##_trace_free_from,                        \
            name##_trace_resize_from, name##_trace_failed_from, name##_trace_end                   \
    }

/// What the C tracers write to: a port that takes `room` words, of a core that the test interrupts.
struct simulated_port {
    static inline std::vector<wire::word> words;
    static inline std::vector<std::uint32_t> ports; ///< of the words
    static inline int room = 0;
    static inline int depth = 0; ///< of masking
    static inline bool listening = true;
    static inline std::uint32_t context = 0;
    static inline std::function<void()> interrupt = [] {};

    static void reset() {
        words.clear();
        ports.clear();
        room = 0;
        depth = 0;
        listening = true;
        context = 0;
        interrupt = [] {};
    }
};

/// Where the heaps of the tests are; nothing is stored there.
inline const void* at(std::uint32_t offset) {
    return reinterpret_cast<const void*>(std::uintptr_t{0x2000'0000} + offset); // NOLINT
}
inline const void* code(std::uint32_t address) {
    return reinterpret_cast<const void*>(std::uintptr_t{address}); // NOLINT
}

/// The tracer as after a reset, with the port as it was at first.
inline void start_anew(const functions& tracer, std::uint32_t heap_size, std::uint32_t alignment) {
    simulated_port::reset();
    tracer.heap(at(0), heap_size, alignment);
    simulated_port::listening = false;
    tracer.free(at(0), nullptr);
    simulated_port::listening = true;
}

} // namespace drone::tracer
