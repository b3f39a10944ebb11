// SPDX-License-Identifier: MIT

// Calls every face of the heap at random from three levels that preempt one another: the main
// program, SysTick above it, TIM2 above both. The test logs the calls from outside.
//
// What levels ask for differs modulo 5, so that no two calls that overlap in time ask alike and an
// event says of which it is. Only the main program asks for 0 bytes, which are reported as 1.

#include "heap.hpp"

#include <cortex_m/nvic.hpp>
#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>
#include <reent.h>

extern "C" {
/// Steps of the main program; the test sets it.
volatile std::uint32_t steps;
/// Where the heap's offset 0 is.
volatile std::uint32_t arena;
/// The new handler.
void make_room();
}

namespace {

constexpr unsigned tim2 = 28;
// Primes, so that they strike everywhere.
constexpr std::uint32_t systick_cycles = 4'789;
constexpr std::uint32_t timer_cycles = 3'547;

volatile std::uint32_t& timer(std::uintptr_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(0x4000'0000 + offset);
}

constexpr std::size_t served = 253; ///< up to so many bytes no request fails
constexpr std::size_t refused = 700;
constexpr bool has_region = pools.region.granules != 0;

struct slot {
    void* block = nullptr;
    std::size_t size = 0;
};

/// One level of preemption: what it holds, and its luck.
class level {
public:
    constexpr explicit level(std::uint32_t number) : number_(number), luck_(number) {}

    void step();

private:
    std::uint32_t random(std::uint32_t limit) {
        luck_ = luck_ * 1'664'525 + 1'013'904'223;
        return static_cast<std::uint32_t>((std::uint64_t{luck_} * limit) >> 32U);
    }
    /// At most `most` bytes, mostly few, with the level's remainder modulo 5.
    std::size_t any_size(std::size_t most) {
        constexpr std::size_t remainders[]{0, 2, 3};
        const std::size_t fives = random(static_cast<std::uint32_t>(most - 3) / 5 >> random(5));
        if (number_ == 0 && fives == 0 && random(8) != 0) return 5;
        return fives * 5 + remainders[number_] + (most == refused ? beyond_pools() : 0);
    }
    /// Where there is a region: now and then so many bytes more that an event has no room for them,
    /// or the heap.
    std::size_t beyond_pools() {
        if (!has_region) return 0;
        const std::uint32_t luck = random(32);
        return luck == 0 ? 100'000 : luck <= 2 ? 1'500 : 0;
    }
    std::size_t any_alignment() { return std::size_t{1} << random(6); } // 1..32

    void* take(std::size_t& size);
    void* take_from_new(std::size_t& size);
    void* take_from_malloc(std::size_t& size);
    void* take_otherwise(std::size_t& size);
    void* duplicate(std::size_t& size);
    void give_back(void* block, std::size_t size);
    void resize(slot& held);

    std::uint32_t number_;
    std::uint32_t luck_;
    slot slots_[8];
};

constinit level levels[]{level(0), level(1), level(2)};

/// What nobody needs.
void* volatile answer;

/// From the main program, for SysTick to give back.
void* volatile handed_over = nullptr;

constexpr std::size_t exhausting_count = has_region ? 1 : 24; // the blocks of the last pool
constinit void* exhausting[exhausting_count];
constinit std::size_t exhausting_left = 0;

void* level::take_from_new(std::size_t& size) {
    switch (random(8)) {
    case 0:
        return ::operator new(size = any_size(served));
    case 1:
        return ::operator new[](size = any_size(served));
    case 2:
        return ::operator new(size = any_size(served), std::align_val_t{any_alignment()});
    case 3:
        return ::operator new[](size = any_size(served), std::align_val_t{any_alignment()});
    case 4:
        return ::operator new(size = any_size(refused), std::nothrow);
    case 5:
        return ::operator new[](size = any_size(refused), std::nothrow);
    case 6:
        size = any_size(refused);
        return ::operator new(size, std::align_val_t{any_alignment()}, std::nothrow);
    default:
        size = any_size(refused);
        return ::operator new[](size, std::align_val_t{any_alignment()}, std::nothrow);
    }
}

void* level::take_from_malloc(std::size_t& size) {
    void* volatile none = nullptr;
    void* block = nullptr;
    size = any_size(refused);
    switch (random(11)) {
    case 0:
        return malloc(size);
    case 1:
        return calloc(1, size);
    case 2:
        return calloc(size, 1);
    case 3:
        return realloc(none, size);
    case 4:
        return aligned_alloc(any_alignment(), size);
    case 5:
        return memalign(any_alignment(), size);
    case 6:
        return posix_memalign(&block, 4 * any_alignment(), size) == 0 ? block : nullptr;
    case 7:
        return _calloc_r(_REENT, 1, size);
    case 8:
        return _realloc_r(_REENT, none, size);
    case 9:
        return _memalign_r(_REENT, any_alignment(), size);
    default:
        return duplicate(size);
    }
}

/// newlib's own code asks by way of _malloc_r.
void* level::duplicate(std::size_t& size) {
    char text[64];
    do
        size = any_size(sizeof text);
    while (size == 0);
    std::memset(text, 'x', size);
    text[size - 1] = '\0';
    return strdup(text);
}

void* level::take_otherwise(std::size_t& size) {
    constexpr std::size_t counts[]{0, 1, 4}; // of 12 bytes each: the level's remainder
    switch (random(3)) {
    case 0:
        return resource().allocate(size = any_size(served), any_alignment());
    case 1: {
        const std::size_t count = 5 * random(4) + counts[number_];
        size = sizeof(twelve_bytes) * count;
        return allocator_allocate(count);
    }
    default:
        return heap_allocate(size = any_size(refused), any_alignment());
    }
}

void* level::take(std::size_t& size) {
    switch (random(5)) {
    case 0:
    case 1:
        return take_from_new(size);
    case 2:
    case 3:
        return take_from_malloc(size);
    default:
        return take_otherwise(size);
    }
}

// The heap is one, so any face takes back what any other has given.
void level::give_back(void* block, std::size_t size) {
    const std::align_val_t alignment{4};
    switch (random(18)) {
    case 0:
        return ::operator delete(block);
    case 1:
        return ::operator delete[](block);
    case 2:
        return ::operator delete(block, size);
    case 3:
        return ::operator delete[](block, size);
    case 4:
        return ::operator delete(block, alignment);
    case 5:
        return ::operator delete[](block, alignment);
    case 6:
        return ::operator delete(block, size, alignment);
    case 7:
        return ::operator delete[](block, size, alignment);
    case 8:
        return ::operator delete(block, std::nothrow);
    case 9:
        return ::operator delete[](block, std::nothrow);
    case 10:
        return ::operator delete(block, alignment, std::nothrow);
    case 11:
        return ::operator delete[](block, alignment, std::nothrow);
    case 12:
        return free(block);
    case 13:
        return _free_r(_REENT, block);
    case 14:
        answer = realloc(block, 0);
        return;
    case 15:
        return resource().deallocate(block, size);
    case 16:
        return allocator_deallocate(static_cast<twelve_bytes*>(block), size / 12);
    default:
        return heap_deallocate(block);
    }
}

void level::resize(slot& held) {
    const std::size_t size = any_size(refused) + 5; // 0 would give it back
    void* moved = nullptr;
    switch (random(3)) {
    case 0:
        moved = realloc(held.block, size);
        break;
    case 1:
        moved = _realloc_r(_REENT, held.block, size);
        break;
    default:
        moved = heap_resize(held.block, held.size, size);
        break;
    }
    if (moved != nullptr) held = {moved, size};
}

void level::step() {
    slot& any = slots_[random(8)];
    if (any.block == nullptr) {
        any.block = take(any.size);
    } else if (random(3) == 0) {
        resize(any);
    } else if (number_ == 0 && handed_over == nullptr && random(3) == 0) {
        handed_over = any.block;
        any.block = nullptr;
    } else {
        give_back(any.block, any.size);
        any.block = nullptr;
    }
}

/// Takes the last pool, or half of the region, and then one more, for which the new handler has to
/// make room.
void exhaust() {
    constexpr std::size_t size = has_region ? 50'000 : 500;
    while (exhausting_left < exhausting_count) {
        void* const block = ::operator new(size, std::nothrow);
        if (block == nullptr) break;
        exhausting[exhausting_left++] = block;
    }
    if (has_region && exhausting_left == 0) return;
    ::operator delete(::operator new(has_region ? size - 1'500 : size + 5));
    while (exhausting_left != 0)
        ::operator delete(exhausting[--exhausting_left]);
}

/// What the heap is not asked for: no event.
void call_in_vain(std::uint32_t odd) {
    free(nullptr);
    ::operator delete(nullptr);
    answer = aligned_alloc(odd, 8);
    answer = calloc(0x8000'0000U + odd, 2);
}

/// More than an event can record.
void ask_for_too_much(std::uint32_t some) {
    answer = malloc(0x0100'0000U + some);
    answer = ::operator new(0x7FFF'FFF0U, std::nothrow);
}

void start_interrupts() {
    using namespace drone::cortex_m;
    nvic::set_system_priority(15, 0xC0);
    nvic::set_priority(tim2, 0x40);
    nvic::enable(tim2);
    timer(0x2C) = timer_cycles - 1; // ARR
    timer(0x0C) = 1;                // DIER: update interrupt
    timer(0x00) = 1;                // CR1: enable
    systick::start(systick_cycles);
}

void stop_interrupts() {
    timer(0x00) = 0;
    drone::cortex_m::nvic::disable(tim2);
    drone::cortex_m::systick::stop();
}

volatile std::uint32_t ticks = 0;
volatile std::uint32_t updates = 0;

} // namespace

void make_room() {
    if (exhausting_left == 0) {
        // Interrupts have blocks where there was room, and give them back in time.
        if (!has_region) std::abort();
        ticks = ticks;
        return;
    }
    ::operator delete(exhausting[--exhausting_left]);
    ticks = ticks; // no tail call: the handler returns after what it calls
}

void systick_handler() {
    if (void* const block = handed_over; block != nullptr) {
        handed_over = nullptr;
        heap_deallocate(block);
    }
    levels[1].step();
    ticks = ticks + 1;
}

void interrupt_handler(unsigned) {
    timer(0x10) = 0; // SR: the update was seen
    levels[2].step();
    if (updates % 2 != 0) levels[2].step();
    updates = updates + 1;
}

int main() {
    arena = 0U - heap.offset_of(nullptr);
    std::set_new_handler(make_room);
    start_interrupts();
    for (std::uint32_t i = 0; i < steps; ++i) {
        levels[0].step();
        if (i % 512 == 0) exhaust();
        if (i % 64 == 0) call_in_vain(i | 3U);
        if (i % 1024 == 0) ask_for_too_much(i);
    }
    stop_interrupts();
    return ticks != 0 && updates != 0 ? 0 : 1;
}
