// SPDX-License-Identifier: MIT

// There are two encoders of the native trace, native_tracer.hpp in C++ and drone_trace.c in C. Whatever
// is reported to both, they write the same words.

#include "tracers.hpp"

#include <drone/declare.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <host/exclusive.hpp>
#include <string>
#include <vector>

namespace drone::tracer {
namespace {

/// The port as the C++ encoder sees it; as much room as the other one's.
struct reference_carrier {
    static inline std::vector<wire::word> words;
    static inline int room = 0;

    static bool enabled(unsigned) noexcept { return simulated_port::listening; }
    static bool ready(unsigned) noexcept { return simulated_port::listening && room > 0; }
    static void write(unsigned, std::uint32_t bits) noexcept {
        words.push_back({bits});
        --room;
    }
    static void write(unsigned, std::uint8_t) noexcept {}
};

std::uint32_t current_context() noexcept { return simulated_port::context; }

constexpr heap_layout<0> foreign(std::uint32_t size, std::uint32_t alignment) {
    heap_layout<0> layout;
    layout.size = size;
    layout.alignment = alignment;
    layout.region = {.offset = 0, .tag_bytes = 0, .granules = size / region_granule};
    return layout;
}

/// Stacks are not walked here: without a frame table there is one frame, the caller.
struct core_without_stacks {
    using free_list = host::threads::free_list;
    using critical_section = host::threads::critical_section;
};

template <
    std::uint32_t Size,
    std::uint32_t Alignment,
    bool Told,
    trace_flow Flow,
    unsigned Stacks = 0>
struct options {
    static constexpr auto layout = foreign(Size, Alignment);
    using core = core_without_stacks;
    using carrier = reference_carrier;
    static constexpr heap_settings settings{
        .trace_port = 31,
        .when_full = Flow,
        .trace_callers = Stacks == 0 && (Told || Flow == trace_flow::drop),
        .trace_stacks = Stacks,
        .trace_context = Told ? current_context : nullptr,
        .checking = check_level::full,
    };
};

/// Reports to both encoders what `random` makes up.
template <class Options>
class pair {
public:
    pair(functions tracer, std::uint32_t seed) : tracer_(tracer), state_(seed * 2 + 1) {
        reference_carrier::words.clear();
        start_anew(tracer_, size, Options::layout.alignment);
    }

    void run(int calls) {
        for (int i = 0; i < calls; ++i) {
            // Enough for what is due, or nothing: how often the port is asked meanwhile differs.
            const bool drops = Options::settings.when_full == trace_flow::drop && below(2) == 0;
            simulated_port::room = reference_carrier::room = drops ? 0 : 20;
            if (below(700) == 0) simulated_port::listening = !simulated_port::listening;
            if (below(8) == 0) simulated_port::context = below(600);
            report();
        }
        simulated_port::room = reference_carrier::room = 1000;
        tracer_.end();
        if (reference_.listening()) reference_.trace_end();
    }

private:
    static constexpr std::uint32_t size = Options::layout.size;
    static constexpr std::uint32_t unit = std::min(Options::layout.alignment, 8U);

    std::uint32_t below(std::uint32_t limit) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::uint32_t>(state_ >> 33U) % limit;
    }

    void report() {
        const std::uint32_t offset = below(size / unit) * unit;
        const std::uint32_t most = below(3) == 0 ? size - offset : std::min(64U, size - offset);
        const std::uint32_t asked = below(most + 1);
        const std::uint32_t address = 0x1'0000 + 2 * below(below(2) == 0 ? 200 : 1U << 28U);
        const void* const caller = code(address);
        const bool heard = reference_.listening();
        switch (below(5)) {
        case 0:
        case 1: {
            const std::uint32_t alignment = below(9) == 0 ? 16U << below(14) : 0;
            const std::uint32_t usual = std::min(Options::layout.alignment, 8U);
            tracer_.alloc(at(offset), asked, alignment, caller);
            if (heard)
                tell(
                    [&](auto... who) {
                        reference_.trace_alloc(offset, asked, std::max(alignment, usual), who...);
                    },
                    caller
                );
            break;
        }
        case 2:
            tracer_.free(at(offset), caller);
            if (heard) tell([&](auto... who) { reference_.trace_dealloc(offset, who...); }, caller);
            break;
        case 3:
            tracer_.resize(at(offset), asked, caller);
            if (heard)
                tell(
                    [&](auto... who) { reference_.trace_grow_in_place(offset, 0, asked, who...); },
                    caller
                );
            break;
        default:
            tracer_.failed(at(0), asked, caller);
            if (heard)
                tell([&](auto... who) { reference_.trace_failed(asked, unit, who...); }, caller);
            break;
        }
    }

    template <class F>
    static void tell(F f, const void* caller) {
        if constexpr (Options::settings.trace_callers || Options::settings.trace_stacks != 0)
            f(caller);
        else
            f();
    }

    functions tracer_;
    std::uint64_t state_;
    native_tracer<detail::declaration<Options>> reference_;
};

template <class Options>
void expect_same_words(functions tracer) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    const auto calls = *rc::gen::inRange(1, 8000);
    pair<Options> both(tracer, seed);
    both.run(calls);
    both.run(calls % 600); // after an end
    RC_ASSERT(simulated_port::words.size() == reference_carrier::words.size());
    for (std::size_t i = 0; i < simulated_port::words.size(); ++i)
        RC_ASSERT(simulated_port::words[i].bits == reference_carrier::words[i].bits);
}

constexpr auto wait = trace_flow::wait;
constexpr auto drop = trace_flow::drop;

RC_GTEST_PROP(TracerEncoder, WritesTheWordsOfTheOtherOne, ()) {
    expect_same_words<options<65536, 8, false, wait>>(TRACER_FUNCTIONS(plain));
}
RC_GTEST_PROP(TracerEncoder, WritesCallersAndContextsAsTheOtherOne, ()) {
    expect_same_words<options<65536, 8, true, wait>>(TRACER_FUNCTIONS(told));
}
RC_GTEST_PROP(TracerEncoder, WritesStacksOfOneFrameAsTheOtherOne, ()) {
    expect_same_words<options<65536, 8, false, wait, 8>>(TRACER_FUNCTIONS(frame));
}
RC_GTEST_PROP(TracerEncoder, DropsAsTheOtherOne, ()) {
    expect_same_words<options<65536, 8, false, drop>>(TRACER_FUNCTIONS(dropping));
}

} // namespace
} // namespace drone::tracer
