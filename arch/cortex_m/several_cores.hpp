// SPDX-License-Identifier: MIT
#pragma once

// Chips with two Cortex-M cores that share a heap.
//
//     struct heap_options {
//         using core = drone::cortex_m::rp2040_cores<>;
//         ...
//         .trace_context = core::context<drone::cortex_m::exception_number::current>,
//
// These were compiled for a Cortex-M0+ and a Cortex-M33. The protocol was proved on hosts, with
// threads in the place of cores, and by a model checker. No chip was used.

#include <drone/several_cores.hpp>

#include <atomic>
#include <cortex_m/primask.hpp>
#include <cstdint>

namespace drone::cortex_m {

/// Raspberry Pi's SIO, of the RP2040 and the RP2350: which core runs (RP2040 datasheet, 2.3.1.1).
struct sio_index {
    [[nodiscard, gnu::always_inline]] static std::uint32_t current() noexcept {
        return *reinterpret_cast<const volatile std::uint32_t*>(0xD000'0000); // CPUID
    }
};

/// The owner of a lock, in memory that all cores see.
struct lock_owner {
    [[nodiscard, gnu::always_inline]] static std::uint32_t owner() noexcept { return owner_; }
    [[gnu::always_inline]] static void set_owner(std::uint32_t core) noexcept { owner_ = core; }

private:
    static inline volatile std::uint32_t owner_ = 0;
};

/// The RP2040's cores, and one of its hardware spinlocks (datasheet 2.3.1.3): a read takes it, and is
/// not 0 if it was free; a write gives it back. The SDK claims the locks from 24 on for its users. Not
/// for the RP2350, whose locks have erratum E2.
template <unsigned Number>
struct rp2040_chip : lock_owner {
    static_assert(Number < 32, "the RP2040 has 32 spinlocks");

    using mask = interrupt_mask;
    [[nodiscard, gnu::always_inline]] static std::uint32_t index() noexcept {
        return sio_index::current();
    }
    [[nodiscard, gnu::always_inline]] static bool take() noexcept {
        const bool was_free = lock() != 0;
        std::atomic_thread_fence(std::memory_order_acquire);
        return was_free;
    }
    [[gnu::always_inline]] static void give() noexcept {
        std::atomic_thread_fence(std::memory_order_release);
        lock() = 1;
    }

private:
    [[gnu::always_inline]] static volatile std::uint32_t& lock() noexcept {
        return *reinterpret_cast<volatile std::uint32_t*>(0xD000'0100 + 4 * Number);
    }
};
template <unsigned Number = 31>
using rp2040_cores = several_cores<rp2040_chip<Number>>;

#if defined(__ARM_FEATURE_LDREX)
/// Cores whose bus has a global exclusive monitor for the memory that the heap is in, such as the
/// RP2350's Cortex-M33s. Index says which core runs. Not for an STM32H7: its two cores see no common
/// monitor; a chip type of the project's own, over the hardware semaphore, serves there.
template <class Index>
struct exclusive_chip : lock_owner {
    using mask = interrupt_mask;
    [[nodiscard, gnu::always_inline]] static std::uint32_t index() noexcept {
        return Index::current();
    }
    [[nodiscard, gnu::always_inline]] static bool take() noexcept {
        return !taken_.exchange(true, std::memory_order_acquire);
    }
    [[gnu::always_inline]] static void give() noexcept {
        taken_.store(false, std::memory_order_release);
    }

private:
    static inline std::atomic<bool> taken_{false};
};
using rp2350_cores = several_cores<exclusive_chip<sio_index>>;
#endif

} // namespace drone::cortex_m
