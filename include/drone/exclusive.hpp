// SPDX-License-Identifier: MIT
#pragma once

// What the heap needs of a core. arch/ has one type for each kind of core; a heap's declaration
// names it.

#include <drone/language.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A last-in first-out list of the free blocks of an arena. Interrupts can share it, and other
/// cores, where there are several. The list keeps its links inside the blocks, in `granule` bytes.
/// The empty list is all zero, so heaps are in .bss.
///
/// - `pop` returns a block that nobody else has, or null if the list is empty.
/// - `push` gives a block back.
/// - `empty` says whether the list has no block.
/// - `below` returns the block under `block` (null: the topmost), or null at the end. Only while
///   nobody else uses the list.
///
/// `pop` and `push` take effect at one instant for every context that the implementation names.
/// They take a bounded number of steps.
template <class List>
concept free_list = requires(List& list, std::byte* arena, void* block) {
    { list.pop(arena) } noexcept -> std::same_as<void*>;
    { list.push(arena, block) } noexcept -> std::same_as<void>;
    { list.empty() } noexcept -> std::same_as<bool>;
    { list.below(arena, block) } noexcept -> std::same_as<void*>;
};

/// A kind of core: its free list, and a scope that no other context of this core enters. The scope
/// nests.
template <class Core>
concept exclusive_access = requires {
    requires free_list<typename Core::free_list>;
    typename Core::critical_section;
    requires std::default_initializable<typename Core::critical_section>;
};

/// The free list of a single core without a usable exclusive pair. The few instructions of each
/// operation run inside Mask, a scope that no interrupt enters. The list is one word, and so is a
/// link.
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
