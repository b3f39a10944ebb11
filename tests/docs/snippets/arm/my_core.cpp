// SPDX-License-Identifier: MIT

// What docs/porting.md shows of a core of one's own.

#include <drone/declare.hpp>
#include <drone/exclusive.hpp>
#include <drone/log.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

namespace my_chip {

// Masks interrupts, and restores the mask that it found. So it nests.
class masked {
public:
    masked() noexcept { asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before_) : : "memory"); }
    ~masked() { asm volatile("msr primask, %0" : : "r"(before_) : "memory"); }
    masked(const masked&) = delete;
    masked& operator=(const masked&) = delete;

private:
    std::uint32_t before_;
};

struct core {
    using critical_section = masked;
    using free_list = drone::masked_block_list<masked>;
};
static_assert(drone::exclusive_access<core>);

struct log {
    static bool enabled(unsigned port) noexcept { return port == 31; }
    static bool ready(unsigned) noexcept { return true; }
    static void write(unsigned, std::uint32_t word) noexcept { mailbox() = word; }
    static void write(unsigned, std::uint8_t byte) noexcept { mailbox() = byte; }

private:
    static volatile std::uint32_t& mailbox() noexcept {
        return *reinterpret_cast<volatile std::uint32_t*>(0x5000'0000);
    }
};
static_assert(drone::log_carrier<log>);

} // namespace my_chip

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = my_chip::core;
    using carrier = my_chip::log;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;
