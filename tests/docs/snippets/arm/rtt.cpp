// SPDX-License-Identifier: MIT

// What docs/porting.md shows of RTT.

#include <drone/declare.hpp>
#include <drone/rtt_carrier.hpp>

#include <cortex_m/exclusive.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::rtt_carrier<core>;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

// The part of SEGGER_RTT.h that the page uses, as its manual documents it.
extern "C" {
int SEGGER_RTT_ConfigUpBuffer(
    unsigned index, const char* name, void* buffer, unsigned size, unsigned flags
);
extern struct {
    char id[16];
    int ups;
    int downs;
    drone::rtt_up_buffer aUp[3];
} segger_block;
}
#define _SEGGER_RTT segger_block

// Channel 1 of the block of SEGGER's library.
struct my_channel {
    static drone::rtt_up_buffer& up() noexcept {
        return reinterpret_cast<drone::rtt_up_buffer&>(_SEGGER_RTT.aUp[1]);
    }
    static drone::rtt_state& state() noexcept { return state_; }
    static void open(std::uint8_t* bytes, std::uint32_t size) noexcept {
        SEGGER_RTT_ConfigUpBuffer(1, "drone", bytes, size, 0);
    }
    static void publish() noexcept {}

private:
    static inline drone::rtt_state state_{};
};
using my_carrier = drone::rtt_carrier<drone::cortex_m::single_core, 1024, 0xFFFF'FFFF, my_channel>;

static_assert(drone::log_carrier<my_carrier>);
bool segger_ready() { return my_carrier::ready(31); }
