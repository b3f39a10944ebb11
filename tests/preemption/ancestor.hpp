// SPDX-License-Identifier: MIT
#pragma once

// The ancestor's free list, kept as a test subject: the head is loaded, its link is read, and only
// then is it compared and swapped. An interrupt that takes A, takes B and gives A back in that
// window leaves a head that looks untouched and a link that is not. The tests must find it.

#include <cortex_m/primask.hpp>
#include <cstddef>
#include <cstdint>

namespace ancestor {

class block_list {
public:
    [[nodiscard]] void* pop(std::byte* /*arena*/) noexcept {
        for (;;) {
            void* const block = *static_cast<void* volatile*>(&head_);
            if (block == nullptr) return nullptr;
            void* const below = *static_cast<void* volatile*>(block);
            if (compare_and_swap(block, below)) return block;
        }
    }

    void push(std::byte* /*arena*/, void* block) noexcept {
        void* head;
        do {
            head = *static_cast<void* volatile*>(&head_);
            *static_cast<void* volatile*>(block) = head;
        } while (!compare_and_swap(head, block));
    }

    [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }

    [[nodiscard]] void* below(std::byte* /*arena*/, void* block) const noexcept {
        return block == nullptr ? head_ : *static_cast<void**>(block);
    }

private:
    bool compare_and_swap(void* expected, void* desired) noexcept {
        return __atomic_compare_exchange_n(
            &head_, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED
        );
    }

    void* head_ = nullptr;
};

struct single_core {
    using free_list = block_list;
    using critical_section = drone::cortex_m::interrupt_mask;
};

} // namespace ancestor
