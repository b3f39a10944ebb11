// SPDX-License-Identifier: MIT
// The subject of the preemption tests. The main program makes one call of the heap after another;
// the test preempts each before every one of its instructions, with every behaviour of the
// interrupt in turn, and then reads `damage`.

#include "ancestor.hpp"

#include <drone/heap.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/nvic.hpp>
#include <cortex_m/region_guard.hpp>
#include <cortex_m/stop.hpp>
#include <cstddef>
#include <cstdint>

namespace {

#if defined(ANCESTOR)
using core = ancestor::single_core;
#elif defined(CEILING)
// Of the two interrupts, of priorities 0x80 and 0x40, one or both are too urgent to wait.
using core = drone::cortex_m::single_core_below<CEILING>;
#else
using core = drone::cortex_m::single_core;
#endif

#if defined(REGION)
// One pool, exhausted from the beginning, and everything else from the region.
constexpr auto pools = drone::make_layout(512, {{8, 1}}, 8, drone::overflow::region);
#else
constexpr auto pools = drone::make_layout(512, {{8, 4}, {16, 3}, {32, 3}});
#endif
using subject = drone::heap<pools, core>;
constinit subject heap;

#if defined(REGION)
constexpr std::size_t block_count = 1 + pools.region.granules;
#else
constexpr std::size_t block_count = 4 + 3 + 3;
#endif

/// Every block's place among all, and whether somebody holds it.
constinit bool held[block_count];

std::size_t number_of(const void* block) {
#if defined(REGION)
    if (heap.in_region(block))
        return 1 + (heap.offset_of(block) - pools.region.first_block()) / drone::region_granule;
#endif
    std::size_t first = 0;
    for (const drone::pool_layout& pool : pools.pools) {
        const std::uint32_t offset = heap.offset_of(block) - pool.offset;
        if (offset < pool.size()) return first + offset / pool.block;
        first += pool.capacity;
    }
    return block_count;
}

} // namespace

extern "C" {

/// What went wrong, as bits: 1 a block was held twice, 2 given back unheld, 4 not a block, 8 a free
/// list is damaged, 16 blocks were lost.
volatile std::uint32_t damage;
/// What the interrupt handlers do, by level; the test sets it.
volatile std::uint32_t behaviour[2];
volatile std::uint32_t handled;
}

namespace {

#if defined(REGION)
std::size_t most_of_region;
#endif

void note(std::uint32_t what) { damage = damage | what; }

void* held_now(void* block) {
    if (block == nullptr) return nullptr;
    const std::size_t number = number_of(block);
    if (number == block_count) {
        note(4);
        return nullptr;
    }
    if (held[number]) note(1);
    held[number] = true;
    return block;
}

void* take(std::size_t size) { return held_now(heap.allocate(size)); }

void no_longer_held(void* block) {
    const std::size_t number = number_of(block);
    if (!held[number]) note(2);
    held[number] = false;
}

void give_back(void* block) {
    if (block == nullptr) return;
    no_longer_held(block);
    heap.deallocate(block);
}

/// What one level of interrupt holds when it returns; the main program gives it back afterwards.
constinit void* kept[2][block_count];

void keep(unsigned level, void* block) {
    for (void*& place : kept[level]) {
        if (place == nullptr) {
            place = block;
            return;
        }
    }
}

/// Blocks that the main program has handed over for the interrupt to give back.
constinit void* handed_over[2];

void interrupt(unsigned level) {
    handled = handled + 1;
    void* blocks[block_count];
    switch (behaviour[level]) {
    case 0: // takes one and gives it back
        give_back(take(8));
        break;
    case 1: { // takes A, takes B, gives A back, keeps B
        void* const a = take(8);
        void* const b = take(8);
        give_back(a);
        keep(level, b);
        break;
    }
    case 2: // another pool
        give_back(take(30));
        keep(level, take(16));
        break;
    case 3: // exhausts the pool and what it falls over to
        for (std::size_t i = 0; i < block_count; ++i)
            keep(level, take(8));
        break;
    case 4: { // exhausts, gives all back in the order in which it took them
        std::size_t count = 0;
        while (count < block_count && (blocks[count] = take(8)) != nullptr)
            ++count;
        for (std::size_t i = 0; i < count; ++i)
            give_back(blocks[i]);
        break;
    }
    case 5: // gives back what the main program took
        give_back(handed_over[level]);
        handed_over[level] = nullptr;
        break;
    default: // moves a block up and keeps it
        if (void* const block = take(8); block != nullptr) {
            no_longer_held(block);
            void* const moved = drone::resize(heap, block, 8, 16);
            keep(level, held_now(moved == nullptr ? block : moved));
        }
        break;
    }
}

void verify() {
    for (auto& level : kept) {
        for (void*& block : level) {
            give_back(block);
            block = nullptr;
        }
    }
    for (void*& block : handed_over) {
        give_back(block);
        block = nullptr;
    }
    if (!heap.invariants_hold()) note(8);
#if defined(REGION)
    // A take moves what interrupts have left.
    for (std::size_t i = 0; i < block_count; ++i)
        heap.deallocate(heap.allocate(9));
    // Nothing is held: all of it is one block again.
    if (heap.largest_request() != most_of_region) note(16);
#endif
    for (std::size_t i = 0; i < pools.pool_count; ++i) {
        const std::int64_t free_blocks = heap.count_free(i);
        if (free_blocks < 0) note(8);
        if (free_blocks >= 0 && free_blocks != pools.pools[i].capacity) note(16);
    }
}

} // namespace

extern "C" {

// The calls that are preempted.
[[gnu::noinline]] void* subject_allocate(std::size_t size) { return heap.allocate(size); }
[[gnu::noinline]] void subject_deallocate(void* block) { heap.deallocate(block); }
[[gnu::noinline]] void* subject_resize(void* block, std::size_t old_size, std::size_t new_size) {
    return drone::resize(heap, block, old_size, new_size);
}

/// The test stops here after each call: `damage` is then complete.
[[gnu::noinline]] void verified() { asm volatile(""); }

void interrupt_handler(unsigned irq) { interrupt(irq); }
}

namespace {

void hand_over() {
    for (void*& block : handed_over)
        block = take(8);
}

void allocate_case(std::size_t size) {
    hand_over();
    void* const block = held_now(subject_allocate(size));
    give_back(block);
    verify();
    verified();
}

void resize_case(std::size_t old_size, std::size_t new_size) {
    hand_over();
    void* const block = take(old_size);
    if (block != nullptr) no_longer_held(block);
    void* const resized = subject_resize(block, old_size, new_size);
    give_back(held_now(resized == nullptr ? block : resized));
    verify();
    verified();
}

} // namespace

int main() {
    heap.initialize();
#if defined(REGION)
    most_of_region = heap.largest_request();
#endif
    for (unsigned irq = 0; irq < 2; ++irq) {
        drone::cortex_m::nvic::set_priority(irq, irq == 0 ? 0x80 : 0x40);
        drone::cortex_m::nvic::enable(irq);
    }
    for (;;) {
        allocate_case(8);
        allocate_case(16);

        hand_over();
        void* const block = take(8);
        no_longer_held(block);
        subject_deallocate(block);
        verify();
        verified();

        resize_case(8, 16); // moves up
        resize_case(5, 8);  // grows in place
        resize_case(16, 3); // moves down
        resize_case(8, 5);  // shrinks in place
    }
}
