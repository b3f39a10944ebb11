// SPDX-License-Identifier: MIT
// A heap traced over RTT, used by the main program and by an interrupt. Beside the buffer the firmware
// keeps what the tests compare it with: every word in order, and its own counts.

#include <drone/declare.hpp>
#include <drone/rtt_carrier.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>
#include <cstddef>
#include <cstdint>
#include <drone_trace.h>

extern "C" {

/// Every word that was accepted.
#if !defined(LOG_WORDS)
#define LOG_WORDS (16 * 1024)
#endif
std::uint32_t log_words[LOG_WORDS];
volatile std::uint32_t log_size;

/// Calls that were made while somebody listened, from the last time that nobody did.
volatile std::uint32_t calls;
volatile std::uint32_t finished_steps;

/// The program's books: requests served, requests failed, blocks given back.
std::uint32_t taken, failed, given_back;

void log_word(std::uint32_t word);
void log_word(std::uint32_t word) {
    if (log_size < sizeof log_words / sizeof *log_words) log_words[log_size] = word;
    log_size = log_size + 1;
}
}

namespace {

using core = drone::cortex_m::single_core;
using rtt = drone::rtt_carrier<core, BUFFER, 0xFFFF'FFFF, drone::rtt_own_block, PATIENCE>;

struct logged_rtt : rtt {
    static void write(unsigned port, std::uint32_t word) noexcept {
        log_word(word);
        rtt::write(port, word);
    }
    static void write(unsigned port, std::uint8_t byte) noexcept { rtt::write(port, byte); }
};

constexpr auto pools = drone::make_layout(2048, {{8, 24}, {24, 20}, {64, 16}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = ::core;
    using carrier = logged_rtt;
#if defined(C_TRACER) || defined(BOOKS)
    static constexpr drone::heap_settings settings{};
#else
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .when_full = drone::trace_flow::FLOW,
    };
#endif
};

#if defined(C_TRACER) || defined(BOOKS)

/// Where the blocks are, as a tracer sees it that does not know their heap.
constexpr std::uint32_t arena_size = 4096;
struct arena {
    alignas(8) drone::declared_heap<heap_options> blocks;
};
static_assert(sizeof(arena) <= arena_size);
constinit arena from;

#if defined(C_TRACER)
struct reports {
    static void begin() { drone_trace_heap(&from, arena_size, 8); }
    static void took(void* block, std::size_t size) { drone_trace_alloc(block, size); }
    static void gives_back(void* block) { drone_trace_free(block); }
};
#else
constexpr drone::heap_layout<0> foreign() {
    drone::heap_layout<0> layout;
    layout.size = arena_size;
    layout.alignment = 8;
    layout.region = {.offset = 0, .tag_bytes = 0, .granules = arena_size / drone::region_granule};
    return layout;
}
struct foreign_options {
    static constexpr auto layout = foreign();
    using core = ::core;
    using carrier = logged_rtt;
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .when_full = drone::trace_flow::FLOW,
    };
};
constinit drone::native_tracer<drone::detail::declaration<foreign_options>> tracer;

struct reports {
    static std::uint32_t place(const void* block) {
        return static_cast<std::uint32_t>(
            reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(&from)
        );
    }
    static void begin() { tracer.begin(); }
    static void took(void* block, std::size_t size) {
        if (!tracer.listening()) return;
        if (block != nullptr)
            tracer.trace_alloc(place(block), size, 8);
        else
            tracer.trace_failed(size, 8);
    }
    static void gives_back(void* block) {
        if (tracer.listening()) tracer.trace_dealloc(place(block));
    }
};
#endif

/// A heap that is not traced, and a tracer beside it.
struct reported_heap {
    void initialize() {
        from.blocks.initialize();
        reports::begin();
#if defined(BOOKS)
        while (log_size == 0) // until somebody listens
            reports::took(nullptr, 1);
        ++failed;
#endif
    }
    void* allocate(std::size_t size) {
        void* const block = from.blocks.allocate(size, 8);
        ++(block != nullptr ? taken : failed);
        reports::took(block, size);
        return block;
    }
    void deallocate(void* block) {
        ++given_back;
        reports::gives_back(block);
        from.blocks.deallocate(block);
    }
};
constinit reported_heap heap;

#else
constinit drone::declared_heap<heap_options> heap;
#endif

/// Takes and gives back at random, `Slots` blocks at most.
template <std::size_t Slots>
class user {
public:
    constexpr explicit user(std::uint32_t seed) : random_(seed) {}

    void step() {
        random_ = random_ * 1'664'525 + 1'013'904'223;
        void*& block = slots_[(random_ >> 24U) % Slots];
        if (block != nullptr) {
            heap.deallocate(block);
            block = nullptr;
        } else {
            block = heap.allocate(1 + (random_ >> 16U) % 63);
        }
        calls = calls + 1;
    }

private:
    void* slots_[Slots] = {};
    std::uint32_t random_;
};

constinit user<30> main_program(1);
#if !defined(CHECKS) && !defined(BOOKS)
constinit user<8> interrupt(2);
#endif

} // namespace

extern "C" [[gnu::noinline]] void finished() { asm volatile(""); }

void systick_handler() {
#if defined(CHECKS)
    static unsigned ticks = 0;
    if (++ticks % CHECKS == 0) rtt::check_listener();
#elif !defined(BOOKS)
    interrupt.step();
#endif
#if !defined(C_TRACER)
    const char text[] = "tick";
    if (rtt::ready(0)) rtt::write(0, static_cast<std::uint8_t>(text[calls % 4]));
#endif
}

int main() {
    heap.initialize();
#if !defined(BOOKS)
    drone::cortex_m::systick::start(TICKS);
#endif
    for (int i = 0; i < STEPS; ++i) {
        main_program.step();
#if defined(BOOKS)
        if (i % 100 == 0 && heap.allocate(100) != nullptr) return 1; // no pool is as large
#endif
        finished_steps = finished_steps + 1;
    }
    drone::cortex_m::systick::stop();
    finished();
}
