// SPDX-License-Identifier: MIT
#pragma once

// How a project declares a heap, in one place:
//
//     struct heap_options {
//         static constexpr const auto& layout = drone::config::heap_main; // [heap] in Drone.toml
//         using core = drone::cortex_m::single_core;
//         using carrier = drone::cortex_m::itm;
//         static constexpr drone::heap_settings settings{
//             // Uncomment the following line to trace the heap:
//             // .trace_port = 31,
//         };
//     };
//     using main_heap = drone::declared_heap<heap_options>;
//
// While the line is a comment, the type is drone::heap and nothing else. So the machine code is
// that of an untraced heap. A misspelled name does not compile: the settings are designated members
// of a struct, all members of heap_options are required, and a setting beside `settings` is refused.

#include <drone/checked.hpp>
#include <drone/heap.hpp>
#include <drone/native_tracer.hpp>
#include <drone/statistics.hpp>
#include <drone/trace.hpp>

#include <cstdint>
#include <type_traits>

namespace drone {

/// The settings of a declared heap. Each has a default.
struct heap_settings {
    /// Log port of the heap trace; negative: not traced. The feature `heaptrace` of a build makes it
    /// 31.
#if defined(DRONE_FEATURE_HEAPTRACE)
    int trace_port = 31;
#else
    int trace_port = -1;
#endif
    /// What happens while the port accepts no word.
    trace_flow when_full = trace_flow::wait;
    /// Whether a word before each event has the address of the code that asked.
    bool trace_callers = false;
    /// Frames of the stack that asked, up to which each event has them: up to
    /// wire::stack_frame_limit, 16 for most programs, 8 for a ring or a small part. 0: none. Includes
    /// the caller. A firmware needs a second link for it, a host's program does not (docs/stacks.md).
    unsigned trace_stacks = 0;
    /// Returns the running context: the number of the exception or thread, less than
    /// wire::context_limit. Null: contexts are not reported.
    std::uint32_t (*trace_context)() noexcept = nullptr;
    /// Which misuse is found (checked.hpp).
    check_level checking = check_level::none;
    /// Whether each pool counts for the firmware what it has seen (statistics.hpp).
    bool statistics = false;
    /// Address of the arena, for a heap in a memory of its own.
    std::uintptr_t origin = within_the_object;

    static constexpr std::uintptr_t within_the_object = UINTPTR_MAX;
};

namespace detail {

template <auto Current>
struct context_from {
    static std::uint32_t current() noexcept { return Current(); }
};
template <>
struct context_from<static_cast<std::uint32_t (*)() noexcept>(nullptr)> {};

template <class Options>
struct declared_carrier {};
template <class Options>
    requires requires { typename Options::carrier; }
struct declared_carrier<Options> {
    using carrier = typename Options::carrier;
};

/// Whether a setting is beside `settings`, where nothing reads it.
template <class Options>
concept has_stray_setting =
    requires { Options::trace_port; } || requires { Options::when_full; } ||
    requires { Options::trace_flow; } || requires { Options::trace_callers; } ||
    requires { Options::trace_stacks; } || requires { Options::trace_context; } ||
    requires { typename Options::trace_context; } || requires { Options::checking; } ||
    requires { Options::statistics; } || requires { Options::origin; };

/// A declaration as the layers of the heap read it.
template <class Options>
struct declaration : declared_carrier<Options> {
    static_assert(
        requires { Options::layout; },
        "a heap's declaration needs `static constexpr const auto& layout = ...`"
    );
    static_assert(
        requires { typename Options::core; }, "a heap's declaration needs `using core = ...`"
    );
    static_assert(
        requires { Options::settings; },
        "a heap's declaration needs `static constexpr drone::heap_settings settings{...}`"
    );
    static_assert(
        !has_stray_setting<Options>, "a setting of a heap belongs into its `settings{...}`"
    );
    static constexpr const auto& layout = Options::layout;
    using core = typename Options::core;
    static constexpr heap_settings settings = Options::settings;
    static constexpr int trace_port = settings.trace_port;
    static constexpr drone::trace_flow trace_flow = settings.when_full;
    static constexpr bool trace_callers = settings.trace_callers;
    static constexpr unsigned trace_stacks = settings.trace_stacks;
    using trace_context = std::conditional_t<
        settings.trace_context == nullptr,
        void,
        context_from<settings.trace_context>>;
    static constexpr check_level checking = settings.checking;
    static constexpr bool statistics = settings.statistics;
    static constexpr std::uintptr_t origin = settings.origin;
};
template <class Options, bool Elsewhere>
struct declared_arena {
    using type = embedded_arena<Options::layout.size, Options::layout.alignment>;
};
template <class Options>
struct declared_arena<Options, true> {
    static_assert(
        Options::origin % Options::layout.alignment == 0,
        "origin must be a multiple of the heap's alignment"
    );
    using type = fixed_arena<Options::origin>;
};

template <class Options>
using plain_heap = heap<
    Options::layout,
    typename Options::core,
    typename declared_arena<Options, Options::origin != heap_settings::within_the_object>::type,
    Options::checking == check_level::full ? link_place::last_word : link_place::first_word>;

template <class Heap, check_level Level>
struct with_checking {
    using type = checked<Heap, Level>;
};
template <class Heap>
struct with_checking<Heap, check_level::none> {
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

template <class Options, class Tracer>
struct with_trace {
    using type = traced<untraced_heap<Options>, Tracer>;
};
template <class Options>
    requires(Options::trace_port < 0)
struct with_trace<Options, void> {
    using type = untraced_heap<Options>;
};
template <class Options>
    requires(Options::trace_port >= 0)
struct with_trace<Options, void> {
    static_assert(
        requires { typename Options::carrier; },
        "a traced heap's declaration needs `using carrier = ...`"
    );
    using type = traced<untraced_heap<Options>, native_tracer<Options>>;
};

} // namespace detail

/// The heap that Options declares: `layout`, `core` and `settings`, and `carrier` if it is traced.
/// Tracer: a heap_tracer of the project's, in place of ours.
template <class Options, class Tracer = void>
using declared_heap = typename detail::with_trace<detail::declaration<Options>, Tracer>::type;

} // namespace drone
