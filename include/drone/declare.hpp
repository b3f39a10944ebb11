// SPDX-License-Identifier: MIT
#pragma once

// How a project declares a heap, in one place:
//
//     struct heap_options : drone::heap_options {
//         static constexpr const auto& layout = drone::config::heap_main; // [heap] in Drone.toml
//         using core = drone::cortex_m::single_core;
//         using carrier = drone::cortex_m::itm;
//         // Uncomment the following line to trace the heap:
//         // static constexpr int trace_port = 31;
//     };                                       // more to tell: trace_options in trace_port.hpp
//     using main_heap = drone::declared_heap<heap_options>;
//
// While the line is a comment the type is drone::heap and nothing else, so the machine code is that
// of an untraced heap.

#include <drone/checked.hpp>
#include <drone/heap.hpp>
#include <drone/statistics.hpp>
#include <drone/trace.hpp>
#include <drone/trace_port.hpp>

#include <type_traits>

namespace drone {

/// What a declaration says when it says nothing else. Of the trace: trace_options.
struct heap_options : trace_options {
    /// Log port of the heap trace; negative: not traced. The build's feature `heaptrace` makes
    /// it 31.
#if defined(DRONE_FEATURE_HEAPTRACE)
    static constexpr int trace_port = 31;
#else
    static constexpr int trace_port = -1;
#endif
    /// Misuse that is found (checked.hpp).
    static constexpr drone::checking checking = drone::checking::none;
    /// Whether the firmware can ask for what each pool has seen (statistics.hpp).
    static constexpr bool statistics = false;
};

namespace detail {

template <class Options>
struct declared_arena {
    using type = embedded_arena<Options::layout.size, Options::layout.alignment>;
};
template <class Options>
    requires requires { Options::origin; }
struct declared_arena<Options> {
    static_assert(
        Options::origin % Options::layout.alignment == 0,
        "origin must be a multiple of the heap's alignment"
    );
    using type = fixed_arena<Options::origin>;
};

template <class Options>
using plain_heap =
    heap<Options::layout, typename Options::core, typename declared_arena<Options>::type>;

template <class Heap, checking Level>
struct with_checking {
    using type = checked<Heap, Level>;
};
template <class Heap>
struct with_checking<Heap, checking::none> {
    using type = Heap;
};

template <class Heap, bool Statistics>
struct with_statistics {
    using type = Heap;
};
template <class Heap>
struct with_statistics<Heap, true> {
    using type = counted<Heap>;
};

template <class Options>
using untraced_heap = typename with_statistics<
    typename with_checking<plain_heap<Options>, Options::checking>::type,
    Options::statistics>::type;

template <class Options>
struct declared {
    using type = untraced_heap<Options>;
};
template <class Options>
    requires requires { typename Options::tracer; }
struct declared<Options> {
    using type = traced<untraced_heap<Options>, typename Options::tracer>;
};
template <class Options>
    requires(Options::trace_port >= 0 && !requires { typename Options::tracer; })
struct declared<Options> {
    using type = traced<untraced_heap<Options>, trace_port<Options>>;
};

} // namespace detail

/// The heap that Options declares: `layout` and `core` always; `carrier` where `trace_port` is not
/// negative, or `tracer`, a heap_tracer of the project's own; `origin`, the arena's address, for a
/// heap in a region of its own.
template <class Options>
using declared_heap = typename detail::declared<Options>::type;

} // namespace drone
