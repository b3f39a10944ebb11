// SPDX-License-Identifier: MIT
#pragma once

// Exclusive access on a single Cortex-M core, against interrupts of any priority.

#include <drone/exclusive.hpp>

#include <cortex_m/primask.hpp>
#include <cstddef>
#include <cstdint>

namespace drone::cortex_m {

#if defined(__ARM_FEATURE_LDREX)
/// A free list in one word: the address of the topmost free block. The first word of a free block
/// is the address of the block below.
///
/// The head is loaded, the link read and the head stored inside one LDREX/STREX pair (ARMv7-M,
/// ARMv8-M Mainline and Baseline). Exception entry and return clear the local monitor (ARMv7-M
/// A3.4.4, B1.5.6). So if an interrupt changes the list in between, the STREX fails: there is no
/// ABA window. A retry means that an interrupt ran, so there are at most as many retries as
/// preemptions.
class exclusive_block_list {
public:
    [[nodiscard, gnu::always_inline]] void* pop(std::byte* /*arena*/) noexcept {
        void* block;
        void* below;
        std::uint32_t failed;
        asm goto volatile("1:\tldrex %[block], [%[head]]\n"
                          "\tcmp %[block], #0\n"
                          "\tbeq %l[none]\n"
                          "\tldr %[below], [%[block]]\n"
                          "\tstrex %[failed], %[below], [%[head]]\n"
                          "\tcmp %[failed], #0\n"
                          "\tbne 1b"
                          : [block] "=&r"(block), [below] "=&r"(below), [failed] "=&r"(failed)
                          : [head] "r"(&head_)
                          : "cc", "memory"
                          : none);
        if (block == nullptr) __builtin_unreachable();
        return block;
    none:
        return nullptr;
    }

    [[gnu::always_inline]] void push(std::byte* /*arena*/, void* block) noexcept {
        void* below; // and then whether the store failed
        asm volatile("1:\tldrex %[below], [%[head]]\n"
                     "\tstr %[below], [%[block]]\n"
                     "\tstrex %[below], %[block], [%[head]]\n"
                     "\tcmp %[below], #0\n"
                     "\tbne 1b"
                     : [below] "=&r"(below)
                     : [head] "r"(&head_), [block] "r"(block)
                     : "cc", "memory");
    }

    [[nodiscard]] bool empty() const noexcept {
        return *static_cast<void* const volatile*>(&head_) == nullptr;
    }

    [[nodiscard]] void* below(std::byte* /*arena*/, void* block) const noexcept {
        return block == nullptr ? head_ : *static_cast<void**>(block);
    }

private:
    void* head_ = nullptr;
};
using block_list = exclusive_block_list;
#else
using block_list = masked_block_list<interrupt_mask>;
#endif

/// A single Cortex-M core, as exclusive_access. ARMv6-M has no LDREX: there the list's few
/// instructions run with PRIMASK set.
///
/// The critical section sets PRIMASK on every core, and restores it. So NMI and HardFault handlers
/// must not use a traced heap. On ARMv6-M they must not use a heap at all.
struct single_core {
    using free_list = block_list;
    using critical_section = interrupt_mask;
};

} // namespace drone::cortex_m
