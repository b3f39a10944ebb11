// SPDX-License-Identifier: MIT
#pragma once

// A heap exercised by a main program and an interrupt at once, each keeping account of its blocks.
// The same on every core.

#include <drone/heap.hpp>

#include <cstddef>
#include <cstdint>

/// One context's dealings with a heap: takes, resizes and gives back at random, and looks whether
/// every block still holds what it wrote there.
template <class Heap>
class exercise {
public:
    constexpr exercise(Heap& heap, std::uint32_t seed) : heap_(heap), random_(seed) {}

    /// One operation.
    void step() {
        held& chosen = held_[next() % held_count];
        if (chosen.block == nullptr) {
            take(chosen);
        } else if (next() % 3 == 0) {
            resize(chosen);
        } else {
            give_back(chosen);
        }
    }

    void give_all_back() {
        for (held& h : held_) {
            if (h.block != nullptr) give_back(h);
        }
    }

    /// Blocks whose content was not what was written, and misaligned blocks.
    [[nodiscard]] std::uint32_t damaged() const { return damaged_; }
    [[nodiscard]] std::uint32_t taken() const { return taken_; }

private:
    static constexpr std::size_t held_count = 12;

    struct held {
        unsigned char* block = nullptr;
        std::size_t size = 0;
        unsigned char content = 0;
    };

    std::uint32_t next() { // xorshift
        random_ ^= random_ << 13U;
        random_ ^= random_ >> 17U;
        random_ ^= random_ << 5U;
        return random_;
    }

    void fill(held& h) {
        h.content = static_cast<unsigned char>(next());
        for (std::size_t i = 0; i < h.size; ++i)
            h.block[i] = h.content;
    }

    void check(const held& h, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            if (h.block[i] != h.content) {
                ++damaged_;
                return;
            }
        }
    }

    void take(held& h) {
        h.size = 1 + next() % 64;
        const std::size_t alignment = next() % 2 == 0 ? 8 : 4;
        h.block = static_cast<unsigned char*>(heap_.allocate(h.size, alignment));
        if (h.block == nullptr) return;
        ++taken_;
        if (reinterpret_cast<std::uintptr_t>(h.block) % alignment != 0) ++damaged_;
        fill(h);
    }

    void resize(held& h) {
        const std::size_t size = 1 + next() % 64;
        void* const block = drone::resize(heap_, h.block, h.size, size);
        if (block == nullptr) return;
        h.block = static_cast<unsigned char*>(block);
        check(h, size < h.size ? size : h.size);
        h.size = size;
        fill(h);
    }

    void give_back(held& h) {
        check(h, h.size);
        heap_.deallocate(h.block);
        h.block = nullptr;
    }

    Heap& heap_;
    std::uint32_t random_;
    held held_[held_count] = {};
    std::uint32_t damaged_ = 0;
    std::uint32_t taken_ = 0;
};

inline constexpr auto exercised_pools =
    drone::make_layout(1024, {{4, 6}, {12, 8}, {16, 8}, {40, 6}, {64, 5}});

/// The same bytes, most of them one region.
inline constexpr auto exercised_region =
    drone::make_layout(1024, {{12, 4}, {40, 3}}, 8, drone::overflow::region);

/// A heap, and what the main program and an interrupt do with it.
template <class Heap>
struct exercised {
    Heap heap{};
    exercise<Heap> thread{heap, 1};
    exercise<Heap> interrupt{heap, 2};
    volatile std::uint32_t turns = 0;

    /// The interrupt's turn.
    void preempt() {
        for (int i = 0; i < 3; ++i)
            interrupt.step();
        turns = turns + 1;
    }

    /// The main program's: takes at least so many steps, until the interrupt has had so many turns.
    void run(std::uint32_t steps, std::uint32_t interruptions) {
        for (std::uint32_t i = 0; i < steps || turns < interruptions; ++i)
            thread.step();
        thread.give_all_back();
    }

    /// With the interrupt off: gives back what it still has. 0 when every block kept its content,
    /// else what was not so.
    int end() {
        interrupt.give_all_back();
        if (thread.damaged() != 0) return 2;
        if (thread.taken() == 0) return 3;
        if (interrupt.damaged() != 0) return 4;
        if (interrupt.taken() == 0) return 5;
        return 0;
    }

    /// 0 when the heap, which nobody uses, is whole.
    int examine() const {
        if (!heap.invariants_hold()) return 6;
        for (std::size_t i = 0; i < Heap::pools::limit; ++i) {
            if (heap.count_free(i) != Heap::pools::at(i).capacity) return 7;
        }
        if constexpr (Heap::has_region) {
            if (heap.largest_request() != (exercised_region.region.granules - 1) * 8) return 8;
        }
        return 0;
    }
};
