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
}

namespace {

using core = drone::cortex_m::single_core;
using rtt = drone::rtt_carrier<core, BUFFER, 0xFFFF'FFFF, drone::rtt_own_block, PATIENCE>;

struct logged_rtt : rtt {
    static void write(unsigned port, std::uint32_t word) noexcept {
        if (log_size < sizeof log_words / sizeof *log_words) log_words[log_size] = word;
        log_size = log_size + 1;
        rtt::write(port, word);
    }
    static void write(unsigned port, std::uint8_t byte) noexcept { rtt::write(port, byte); }
};

constexpr auto pools = drone::make_layout(2048, {{8, 24}, {24, 20}, {64, 16}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = ::core;
    using carrier = logged_rtt;
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .when_full = drone::trace_flow::FLOW,
    };
};
constinit drone::declared_heap<heap_options> heap;

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
#if !defined(CHECKS)
constinit user<8> interrupt(2);
#endif

} // namespace

extern "C" [[gnu::noinline]] void finished() { asm volatile(""); }

void systick_handler() {
#if defined(CHECKS)
    static unsigned ticks = 0;
    if (++ticks % CHECKS == 0) rtt::check_listener();
#else
    interrupt.step();
#endif
    const char text[] = "tick";
    if (rtt::ready(0)) rtt::write(0, static_cast<std::uint8_t>(text[calls % 4]));
}

int main() {
    heap.initialize();
    drone::cortex_m::systick::start(TICKS);
    for (int i = 0; i < STEPS; ++i) {
        main_program.step();
        finished_steps = finished_steps + 1;
    }
    drone::cortex_m::systick::stop();
    finished();
}
