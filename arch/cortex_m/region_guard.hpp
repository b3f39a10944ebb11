// SPDX-License-Identifier: MIT
#pragma once

// Other ways than masking all interrupts in which contexts of a Cortex-M core share an overflow
// region (shared_region.hpp). A project names one of these cores where it declares its heap.

#include <cortex_m/exclusive.hpp>
#include <cstdint>

namespace drone::cortex_m {

#if defined(__ARM_ARCH) && (__ARM_ARCH >= 7 || defined(__ARM_ARCH_8M_MAIN__))
/// A guard that masks interrupts from priority Ceiling on, a value of the priority register's byte.
/// More urgent interrupts never wait for the region (BASEPRI, ARMv7-M B1.4.3). They take from pools
/// only, and the region's blocks that they give back wait on a list. Ceiling: as FreeRTOS's
/// configMAX_SYSCALL_INTERRUPT_PRIORITY, not 0. Needs privileged code.
template <std::uint8_t Ceiling>
class [[nodiscard]] priority_ceiling {
    static_assert(Ceiling != 0, "priority 0 cannot be masked by BASEPRI");

public:
    static constexpr bool defers = true;

    /// Whether the running context waits for the region: threads and interrupts that the ceiling
    /// masks. Reads the priority of the running exception where the core keeps it (B3.2.10,
    /// B3.4.9).
    [[nodiscard]] static bool admitted() noexcept {
        std::uint32_t exception;
        asm volatile("mrs %0, ipsr" : "=r"(exception));
        if (exception == 0) [[likely]]
            return true;
        if (exception < 4) return false; // NMI and HardFault
        const std::uintptr_t priorities = exception < 16 ? 0xE000'ED18 - 4 : 0xE000'E400 - 16;
        return *reinterpret_cast<const volatile std::uint8_t*>(priorities + exception) >= Ceiling;
    }

    priority_ceiling() noexcept : before_(raise()) {}
    priority_ceiling(const priority_ceiling&) = delete;
    priority_ceiling& operator=(const priority_ceiling&) = delete;
    ~priority_ceiling() { asm volatile("msr basepri, %0" : : "r"(before_) : "memory"); }

private:
    [[gnu::always_inline]] static std::uint32_t raise() noexcept {
        std::uint32_t before;
        asm volatile("mrs %0, basepri\n\tmsr basepri_max, %1"
                     : "=&r"(before)
                     : "r"(std::uint32_t{Ceiling})
                     : "memory");
        return before;
    }

    std::uint32_t before_;
};

/// A single_core in which interrupts more urgent than Ceiling never wait for the region.
template <std::uint8_t Ceiling>
struct single_core_below : single_core {
    using region_guard = priority_ceiling<Ceiling>;
};
#endif

/// single_core, where one context uses the region and the others use pools only. Nothing waits, and
/// nothing prevents the others from using the region by mistake.
struct single_core_one_context : single_core {
    /// No guard: one context is alone.
    struct region_guard {
        static constexpr bool defers = false;
    };
};

} // namespace drone::cortex_m
