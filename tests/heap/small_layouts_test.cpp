// SPDX-License-Identifier: MIT

// The smallest blocks there are, in every combination, with and without a region, at every level of
// checking and counted: whatever a program does with its blocks, the lists of free blocks stay
// whole, and so does the content of its blocks.

#include <drone/declare.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <host/exclusive.hpp>
#include <memory>
#include <string>
#include <vector>

namespace {

using drone::check_level;
using drone::pool_spec;

constexpr std::uint32_t heap_size = 512;
constexpr std::uint32_t capacity = 3;

/// Pools of 4, 8, 12 and 16 bytes: those whose bits are set in Pools.
template <unsigned Pools, drone::overflow Beyond>
constexpr auto layout_of() {
    constexpr auto count = static_cast<std::size_t>(std::popcount(Pools));
    drone::heap_layout<count> result;
    result.size = heap_size;
    pool_spec specs[count + 1] = {};
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < 4; ++i) {
        if ((Pools >> i & 1U) != 0) specs[next++] = {4 * (i + 1), capacity};
    }
    drone::place_pools(specs, count, drone::default_alignment, result.pools);
    if (Beyond == drone::overflow::region)
        result.region = drone::place_region(result.used(), heap_size);
    return result;
}
template <unsigned Pools, drone::overflow Beyond>
constexpr auto small_layout = layout_of<Pools, Beyond>();

template <unsigned Pools, drone::overflow Beyond, check_level Level, bool Statistics>
struct options {
    static constexpr const auto& layout = small_layout<Pools, Beyond>;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{.checking = Level, .statistics = Statistics};
};

/// Any of these heaps, so that the walk is compiled once.
struct any_heap {
    any_heap() = default;
    any_heap(const any_heap&) = delete;
    any_heap& operator=(const any_heap&) = delete;
    virtual ~any_heap() = default;
    virtual void* allocate(std::size_t size, std::size_t alignment) = 0;
    virtual void deallocate(void* block) = 0;
    virtual void* resize(void*, std::size_t old_size, std::size_t size, std::size_t alignment) = 0;
    virtual bool invariants_hold() = 0;
    /// Blocks and bytes in use, as far as this heap counts them: none at the end.
    virtual bool counts_agree(std::size_t live) = 0;
};

template <class Heap, bool Statistics>
struct declared final : any_heap {
    declared() { heap.initialize(); }
    void* allocate(std::size_t size, std::size_t alignment) override {
        return heap.allocate(size, alignment);
    }
    void deallocate(void* block) override { heap.deallocate(block); }
    void* resize(void* block, std::size_t old, std::size_t size, std::size_t alignment) override {
        return drone::resize(heap, block, old, size, alignment);
    }
    bool invariants_hold() override { return heap.invariants_hold(); }
    bool counts_agree([[maybe_unused]] std::size_t live) override {
        if constexpr (Statistics) {
            std::size_t in_pools = 0;
            for (std::size_t i = 0; i < Heap::pools::limit; ++i) {
                const drone::pool_statistics counted = heap.statistics(i);
                const auto free_blocks = static_cast<std::uint32_t>(heap.count_free(i));
                if (counted.used != capacity - free_blocks) return false;
                in_pools += counted.used;
            }
            if constexpr (Heap::has_region) {
                if (live == 0 && heap.statistics_of_region().used != 0) return false;
            } else {
                if (in_pools != live) return false;
            }
        }
        return true;
    }
    Heap heap;
};

struct step {
    unsigned what;
    std::size_t size;
    unsigned alignment_log2;
    std::size_t pick;
};

struct live_block {
    unsigned char* address;
    std::size_t size;
    unsigned char content;
};

void fill(live_block& block) {
    static unsigned char content = 0;
    block.content = ++content;
    std::memset(block.address, block.content, block.size);
}

void walk(any_heap& heap, const std::vector<step>& steps) {
    RC_ASSERT(heap.invariants_hold());
    std::vector<live_block> live;
    for (const auto& [what, size, log2, pick] : steps) {
        const std::size_t alignment = std::size_t{1} << log2;
        if (what < 2 || live.empty()) {
            void* const block = heap.allocate(size, alignment);
            if (block == nullptr) continue;
            RC_ASSERT(reinterpret_cast<std::uintptr_t>(block) % alignment == 0U);
            live.push_back({static_cast<unsigned char*>(block), size, 0});
            fill(live.back());
        } else {
            live_block& chosen = live[pick % live.size()];
            if (what == 2) {
                heap.deallocate(chosen.address);
                chosen = live.back();
                live.pop_back();
            } else if (void* const place =
                           heap.resize(chosen.address, chosen.size, size, alignment);
                       place != nullptr) {
                const live_block kept{
                    static_cast<unsigned char*>(place), std::min(size, chosen.size), chosen.content
                };
                for (std::size_t i = 0; i < kept.size; ++i)
                    RC_ASSERT(kept.address[i] == kept.content);
                chosen = {kept.address, size, 0};
                fill(chosen);
            }
        }
        RC_ASSERT(heap.invariants_hold());
        RC_ASSERT(heap.counts_agree(live.size()));
        for (const live_block& each : live) {
            for (std::size_t i = 0; i < each.size; ++i)
                RC_ASSERT(each.address[i] == each.content);
        }
    }
    for (const live_block& each : live)
        heap.deallocate(each.address);
    RC_ASSERT(heap.invariants_hold());
    RC_ASSERT(heap.counts_agree(0));
}

struct kind {
    std::string name;
    std::unique_ptr<any_heap> (*fresh)();
};

template <unsigned Pools, drone::overflow Beyond, check_level Level, bool Statistics = false>
kind kind_of() {
    using heap = drone::declared_heap<options<Pools, Beyond, Level, Statistics>>;
    return {
        "pools " + std::to_string(Pools) + ", level " + std::to_string(static_cast<int>(Level)) +
            (Statistics ? ", counted" : "") + (Beyond == drone::overflow::region ? ", region" : ""),
        []() -> std::unique_ptr<any_heap> { return std::make_unique<declared<heap, Statistics>>(); }
    };
}

template <unsigned Pools, drone::overflow Beyond>
void add_every_level(std::vector<kind>& to) {
    to.push_back(kind_of<Pools, Beyond, check_level::none, true>());
    to.push_back(kind_of<Pools, Beyond, check_level::cheap>());
    to.push_back(kind_of<Pools, Beyond, check_level::full>());
    to.push_back(kind_of<Pools, Beyond, check_level::full, true>());
}

template <unsigned... Pools>
std::vector<kind> every_kind() {
    std::vector<kind> all;
    (add_every_level<Pools, drone::overflow::none>(all), ...);
    (add_every_level<Pools, drone::overflow::region>(all), ...);
    add_every_level<0, drone::overflow::region>(all);
    return all;
}

TEST(SmallLayouts, StayWholeAtEveryLevelOfChecking) {
    for (const kind& one : every_kind<0b0001, 0b0011, 0b0101, 0b0100, 0b1111>()) {
        EXPECT_TRUE(rc::check(one.name, [&] {
            const auto steps = *rc::gen::container<std::vector<step>>(rc::gen::construct<step>(
                rc::gen::inRange(0U, 4U),
                rc::gen::inRange<std::size_t>(0, 20),
                rc::gen::inRange(0U, 4U),
                rc::gen::arbitrary<std::size_t>()
            ));
            walk(*one.fresh(), steps);
        })) << one.name;
    }
}

} // namespace
