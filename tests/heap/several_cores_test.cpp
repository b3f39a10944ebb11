// SPDX-License-Identifier: MIT
// A heap that cores share, with threads in the place of cores: contents, and one trace of all.

#include <drone/declare.hpp>
#include <drone/several_cores.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace drone {
namespace {

/// Threads that have a number each, and a lock that spins.
struct chip {
    struct mask {};
    static inline thread_local std::uint32_t running = 0;
    static inline std::atomic<bool> taken = false;
    static inline std::atomic<std::uint32_t> owned_by = 0;
    static inline std::atomic<unsigned> inside = 0; ///< who is in a section that is not nested

    static std::uint32_t index() noexcept { return running; }
    static bool take() noexcept {
        if (taken.exchange(true, std::memory_order_acquire)) {
            std::this_thread::yield(); // a host has fewer cores than this test
            return false;
        }
        EXPECT_EQ(inside.fetch_add(1), 0U);
        return true;
    }
    static void give() noexcept {
        EXPECT_EQ(inside.fetch_sub(1), 1U);
        taken.store(false, std::memory_order_release);
    }
    static std::uint32_t owner() noexcept { return owned_by.load(std::memory_order_relaxed); }
    static void set_owner(std::uint32_t core) noexcept {
        owned_by.store(core, std::memory_order_relaxed);
    }
};
using cores = several_cores<chip>;

/// Every word of the trace. It is written inside a section, so the order is the trace's.
struct recorder {
    static inline std::vector<std::uint32_t> words;
    static bool enabled(unsigned) noexcept { return true; }
    static bool ready(unsigned) noexcept { return true; }
    static void write(unsigned, std::uint32_t word) noexcept { words.push_back(word); }
    static void write(unsigned, std::uint8_t) noexcept {}
};

std::uint32_t thread_mode() noexcept { return 0; }
std::uint32_t context() noexcept { return cores::context<thread_mode>(); }

constexpr auto pools = make_layout(8192, {{8, 40}, {24, 30}, {64, 20}}, 8, overflow::region);

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = cores;
    using carrier = recorder;
    static constexpr heap_settings settings{.trace_port = 31, .trace_context = context};
};

/// Takes and gives back at random; every block has what its holder wrote, until the end.
template <class Heap>
void work(Heap& heap, std::uint32_t core, unsigned rounds) {
    chip::running = core;
    struct held {
        unsigned char* bytes;
        std::size_t size;
    };
    std::vector<held> all;
    std::uint32_t random = core + 1;
    const auto give_back = [&](std::size_t i) {
        for (std::size_t at = 0; at < all[i].size; ++at)
            ASSERT_EQ(all[i].bytes[at], static_cast<unsigned char>(core + at));
        heap.deallocate(all[i].bytes);
        all[i] = all.back();
        all.pop_back();
    };
    for (unsigned round = 0; round < rounds; ++round) {
        random = random * 1'664'525 + 1'013'904'223;
        if ((random >> 31U) != 0 && !all.empty()) {
            give_back(random % all.size());
        } else if (all.size() < 12) {
            const std::size_t size = 1 + (random >> 8U) % 100;
            auto* const bytes = static_cast<unsigned char*>(heap.allocate(size));
            if (bytes == nullptr) continue;
            for (std::size_t at = 0; at < size; ++at)
                bytes[at] = static_cast<unsigned char>(core + at);
            all.push_back({bytes, size});
        }
    }
    while (!all.empty())
        give_back(0);
}

} // namespace

TEST(SeveralCores, ShareAHeapAndItsTrace) {
    static declared_heap<heap_options> heap;
    recorder::words.clear();
    heap.initialize();
    constexpr unsigned count = 4;
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t core = 0; core < count; ++core)
            threads.emplace_back([core] { work(heap, core, 5'000); });
    }
    EXPECT_EQ(chip::inside.load(), 0U);

    // One trace: the events of all cores are numbered without a gap, and name their core.
    std::uint32_t next = 0;
    bool numbered = false;
    std::uint32_t events = 0;
    bool seen[count] = {};
    for (const std::uint32_t word : recorder::words) {
        const std::uint32_t operation = word >> 29U;
        if (operation <= 3 || operation == 7) {
            const std::uint32_t number = word >> 24U & 31U;
            if (numbered) {
                ASSERT_EQ(number, next) << "event " << events;
            }
            next = (number + 1) % 32;
            numbered = true;
            ++events;
        } else if (operation == 5 && (word >> 24U & 31U) == 9) {
            ASSERT_EQ(word % 512, 0U);
            ASSERT_LT((word & 0xFFFFU) / 512, count);
            seen[(word & 0xFFFFU) / 512] = true;
        }
    }
    EXPECT_GT(events, count * 1'000);
    for (const bool core : seen)
        EXPECT_TRUE(core);
}

TEST(SeveralCores, ASectionNestsAndIsLeftByTheOutermost) {
    chip::running = 2;
    {
        const cores_section<chip> outer;
        {
            const cores_section<chip> inner;
            EXPECT_TRUE(chip::taken);
        }
        EXPECT_TRUE(chip::taken);
        EXPECT_EQ(chip::owner(), 3U);
    }
    EXPECT_FALSE(chip::taken);
    EXPECT_EQ(chip::owner(), 0U);
}

} // namespace drone
