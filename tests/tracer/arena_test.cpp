// SPDX-License-Identifier: MIT

// The heap drawn from addresses, against a slow picture of every byte.

#include "usage/arena.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace drone::usage {
namespace {

using trace::change;

constexpr std::uint32_t unit = 8;
constexpr std::uint32_t header = 8;
constexpr std::uint32_t size_limit = 40;
constexpr std::uint32_t heap_units = 100;

trace::traced_heap foreign_heap() {
    return {
        .size = heap_units * unit,
        .pools = {},
        .region =
            {.offset = 0, .unit = unit, .units = heap_units, .first_block = trace::block_number{0}},
    };
}

std::uint32_t footprint(std::uint32_t size) { return (size + header + unit - 1) / unit * unit; }

/// First-fit with a header in front of each block, as many allocators are.
class allocator {
public:
    std::vector<change> changes;

    void take(std::uint32_t size) {
        std::uint32_t at = 0;
        for (const auto& [begin, bytes] : live_) {
            if (begin - at >= footprint(size)) break;
            at = begin + footprint(bytes);
        }
        if (at + footprint(size) > (heap_units - 1) * unit) return;
        live_[at] = size;
        changes.push_back({.block = trace::block_number{(at + header) / unit}, .size = size});
    }
    void give_back(std::uint32_t which) {
        if (live_.empty()) return;
        const auto chosen = std::next(live_.begin(), which % live_.size());
        changes.push_back(
            {.block = trace::block_number{(chosen->first + header) / unit},
             .size = chosen->second,
             .gives_back = true}
        );
        live_.erase(chosen);
    }

private:
    std::map<std::uint32_t, std::uint32_t> live_;
};

/// Bytes: who has them, after each change.
struct slow_picture {
    enum class byte : std::uint8_t { free, block };
    std::array<byte, heap_units * unit + 64> bytes{};
    std::uint32_t lowest = UINT32_MAX;
    std::uint32_t end = 0;
    std::uint64_t live = 0;

    void apply(const change& c) {
        const std::uint32_t begin = std::to_underlying(c.block) * unit;
        // The next block's header counts to this one: it is between them.
        const std::uint32_t size = footprint(c.size);
        const byte now = c.gives_back ? byte::free : byte::block;
        std::fill_n(bytes.begin() + begin, size, now);
        if (c.gives_back) {
            live -= c.size;
            return;
        }
        live += c.size;
        lowest = std::min(lowest, begin);
        end = std::max(end, begin + size);
    }
    [[nodiscard]] std::uint64_t free() const {
        return static_cast<std::uint64_t>(
            std::count(bytes.begin() + lowest, bytes.begin() + end, byte::free)
        );
    }
    [[nodiscard]] std::uint64_t largest_hole() const {
        std::uint64_t largest = 0;
        std::uint64_t run = 0;
        for (std::uint32_t at = lowest; at < end; ++at) {
            run = bytes[at] == byte::free ? run + 1 : 0;
            largest = std::max(largest, run);
        }
        return largest;
    }
};

arena read_twice(const std::vector<change>& changes) {
    arena first;
    first.on_heap(foreign_heap());
    first.on_changes(changes);
    arena second(first);
    second.on_heap(foreign_heap());
    second.on_changes(changes);
    return second;
}

RC_GTEST_PROP(Arena, IsThePictureOfEveryByte, (const std::vector<std::uint8_t>& calls)) {
    allocator program;
    // Two neighbours of each size, so that its header shows.
    for (std::uint32_t size = 1; size <= size_limit; size += 8) {
        program.take(size);
        program.take(size);
        program.take(size);
        program.give_back(0);
        program.give_back(0);
        program.give_back(0);
    }
    for (const std::uint8_t call : calls) {
        if (call % 3 != 0)
            program.take(1 + call % (size_limit / 8) * 8);
        else
            program.give_back(call);
    }
    const arena seen = read_twice(program.changes);
    RC_ASSERT(seen.is_known());
    slow_picture picture;
    std::uint64_t event = 0;
    for (const change& c : program.changes) {
        const std::uint32_t before = picture.end;
        picture.apply(c);
        ++event;
        for (const arena_moment& m : seen.course()) {
            if (m.event != event) continue;
            RC_ASSERT(m.live == picture.live);
            RC_ASSERT(m.arena == picture.end - picture.lowest);
            RC_ASSERT(m.free == picture.free());
            RC_ASSERT(m.largest_hole == picture.largest_hole());
            RC_ASSERT(m.live + m.overhead + m.free == m.arena);
        }
        if (picture.end == before || event != seen.highest().event) continue;
        RC_ASSERT(seen.highest().arena == picture.end - picture.lowest);
    }
    RC_ASSERT(seen.highest().arena == picture.end - picture.lowest);
}

/// Each block makes the arena larger. A copy of all blocks each time would take minutes.
TEST(Arena, GrowsByManyBlocks) {
    constexpr std::uint32_t blocks = 200'000;
    trace::traced_heap heap = foreign_heap();
    heap.region.units = 4 * blocks;
    heap.size = heap.region.units * unit;
    const auto block = [](std::uint32_t number) { return trace::block_number{4 * number + 1}; };
    std::vector<change> changes;
    for (std::uint32_t i = 0; i < blocks; ++i) {
        changes.push_back({.block = block(i), .size = 24});
        if (i % 2 != 0) changes.push_back({.block = block(i - 1), .size = 24, .gives_back = true});
    }
    arena first;
    first.on_heap(heap);
    first.on_changes(changes);
    arena second(first);
    second.on_heap(heap);
    second.on_changes(changes);
    EXPECT_EQ(second.highest().arena, (4 * (blocks - 1) + 4) * unit);
    // Of the last two blocks both were live then, of all others every second one.
    EXPECT_EQ(second.highest().live, (blocks / 2 + 1) * 24);
    for (const double used : second.picture(100))
        EXPECT_NEAR(used, 0.5, 0.01);
}

/// The free of a block was lost: its bytes are those of the blocks that came after it.
TEST(Arena, ALaterBlockIsRight) {
    const std::vector<change> changes{
        {.block = trace::block_number{1}, .size = 64},
        {.block = trace::block_number{3}, .size = 8},
        {.block = trace::block_number{5}, .size = 8},
        {.block = trace::block_number{9}, .size = 8},
    };
    const arena seen = read_twice(changes);
    EXPECT_EQ(seen.highest().live, 24U);
    EXPECT_EQ(
        seen.highest().live + seen.highest().overhead + seen.highest().free, seen.highest().arena
    );
}

TEST(Arena, OfOurOwnHeapsIsNotDrawn) {
    arena first;
    trace::traced_heap ours = foreign_heap();
    ours.pools.push_back(
        {.block_size = 8,
         .capacity = 10,
         .alignment = 8,
         .offset = 0,
         .first_block = trace::block_number{0}}
    );
    first.on_heap(ours);
    first.on_changes(std::vector<change>{{.block = trace::block_number{1}, .size = 5}});
    EXPECT_FALSE(first.is_known());
    ours.pools.clear(); // a region alone, with its tags in front
    ours.region.offset = 8;
    first.on_heap(ours);
    first.on_changes(std::vector<change>{{.block = trace::block_number{1}, .size = 5}});
    EXPECT_FALSE(first.is_known());
}

} // namespace
} // namespace drone::usage
