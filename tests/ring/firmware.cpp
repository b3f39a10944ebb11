// SPDX-License-Identifier: MIT
// A heap traced into a RAM ring, used by the main program and by an interrupt. Beside the ring the
// firmware keeps what the tests compare it with: every word in order, and its own counts.

#include <drone/declare.hpp>
#include <drone/ram_ring.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>
#include <cstddef>
#include <cstdint>

extern "C" {

/// Every word that was written, a word before the ring has it.
#if defined(KEEP_LOG)
std::uint32_t log_words[31 * 1024];
#else
std::uint32_t log_words[1];
#endif
volatile std::uint32_t log_size;

/// Calls that were served, by who made them and bytes asked, and calls that were not.
volatile std::uint32_t taken[2][64];
volatile std::uint32_t given_back[2][64];
volatile std::uint32_t refused[2];
}

namespace {

using ring = drone::ram_ring<RING_WORDS>;

struct logged_ring : ring {
    static void write(unsigned port, std::uint32_t word) noexcept {
        if (log_size < sizeof log_words / sizeof *log_words) log_words[log_size] = word;
        log_size = log_size + 1;
        ring::write(port, word);
    }
    static void write(unsigned port, std::uint8_t byte) noexcept { ring::write(port, byte); }
};

constexpr auto pools = drone::make_layout(2048, {{8, 24}, {24, 20}, {64, 16}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
#if defined(KEEP_LOG)
    using carrier = logged_ring;
#else
    using carrier = ring;
#endif
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

/// Takes and gives back at random, `Slots` blocks at most.
template <unsigned Number, std::size_t Slots>
class user {
public:
    constexpr explicit user(std::uint32_t seed) : random_(seed) {}

    void step() {
        random_ = random_ * 1'664'525 + 1'013'904'223;
        slot& one = slots_[(random_ >> 24U) % Slots];
        if (one.block != nullptr) {
            heap.deallocate(one.block);
            one.block = nullptr;
            given_back[Number][one.size] = given_back[Number][one.size] + 1;
            return;
        }
        one.size = 1 + (random_ >> 16U) % 63;
        one.block = heap.allocate(one.size);
        if (one.block != nullptr) {
            taken[Number][one.size] = taken[Number][one.size] + 1;
        } else {
            refused[Number] = refused[Number] + 1;
        }
    }

private:
    struct slot {
        void* block = nullptr;
        std::size_t size = 0;
    };
    slot slots_[Slots];
    std::uint32_t random_;
};

constinit user<0, 30> main_program(1);
constinit user<1, 8> interrupt(2);

} // namespace

extern "C" [[gnu::noinline]] void finished() { asm volatile(""); }

void systick_handler() { interrupt.step(); }

int main() {
    heap.initialize();
    drone::cortex_m::systick::start(TICKS);
    for (int i = 0; i < STEPS; ++i)
        main_program.step();
    drone::cortex_m::systick::stop();
    finished();
}
