// SPDX-License-Identifier: MIT
#pragma once

// What the heap needs from a core: a free list that interrupts (and, where there are several, other
// cores) can share, and a critical section for the trace. arch/ has one type for each kind of core;
// a project names it where it declares its heap.

#include <drone/language.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A last-in first-out list of free blocks in an arena. All-zero is the empty list, so that heaps
/// stand in .bss. The list keeps its links inside the blocks, in their first `granule` bytes.
///
/// `pop` returns a block that nobody else holds, or null when the list is empty; `push` gives one
/// back. Both take effect at one instant with respect to every context that the implementation
/// names, and run in a bounded number of steps there.
template <class List>
concept free_list = requires(List& list, std::byte* arena, void* block) {
    { list.pop(arena) } noexcept -> std::same_as<void*>;
    { list.push(arena, block) } noexcept -> std::same_as<void>;
    { list.empty() } noexcept -> std::same_as<bool>;
    /// The block under `block` (null: the topmost) or null at the end. Only while nobody else uses
    /// the list.
    { list.below(arena, block) } noexcept -> std::same_as<void*>;
};

/// The free list of a kind of core, and a scope during which no other context of this core runs.
template <class Core>
concept exclusive_access = requires {
    requires free_list<typename Core::free_list>;
    typename Core::critical_section;
    requires std::default_initializable<typename Core::critical_section>;
};

/// The free list of a single core without a usable exclusive pair: the few instructions of each
/// operation run inside Mask, a scope that no interrupt enters. One word; so is a link.
template <class Mask>
class masked_block_list {
public:
    [[nodiscard]] void* pop(std::byte* /*arena*/) noexcept {
        const Mask masked;
        void* const block = head_;
        if (block != nullptr) head_ = *static_cast<void**>(block);
        return block;
    }

    void push(std::byte* /*arena*/, void* block) noexcept {
        const Mask masked;
        *static_cast<void**>(block) = head_;
        head_ = block;
    }

    [[nodiscard]] bool empty() const noexcept {
        return *static_cast<void* const volatile*>(&head_) == nullptr;
    }

    [[nodiscard]] void* below(std::byte* /*arena*/, void* block) const noexcept {
        return block == nullptr ? head_ : *static_cast<void**>(block);
    }

private:
    void* head_ = nullptr; ///< address of the topmost free block
};

} // namespace drone
