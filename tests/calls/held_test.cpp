// SPDX-License-Identifier: MIT
// Held means held there: a program's calls, traced in each format, make a layout; the same calls,
// played on the virtual board on a heap with that layout, are all served, and each pool and the
// region get as full as the replay said.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "firmware/played.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/plan.hpp"
#include "paths.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"

#include <drone/declare.hpp>
#include <drone/ram_ring.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <host/exclusive.hpp>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drone::calls {
namespace {

using program = std::vector<played_call>;

template <class T>
T checked(result<T> made) {
    if (!made.has_value()) throw std::runtime_error(made.error().message);
    return std::move(made).value();
}

// -- Programs --------------------------------------------------------------------------------------

enum class speaks : std::uint8_t {
    c,         ///< malloc, realloc, free
    aligned_c, ///< and aligned_alloc
    granules,  ///< the heap's own functions, nothing aligned to more than the granule
};

std::uint32_t any_size(std::mt19937& random) {
    return 1 + static_cast<std::uint32_t>(random() % (1U << (2 + random() % 7)));
}

/// Takes, resizes and gives back at random, in phases that favour taking or giving back.
program any_program(unsigned seed, speaks what) {
    std::mt19937 random(seed);
    std::vector<std::uint32_t> sizes(played_slots); // 0: nothing is there
    program made;
    while (made.size() < 1500) {
        const bool fills = made.size() / 250 % 2 == 0;
        const auto slot = static_cast<std::uint32_t>(random() % played_slots);
        played_call call{.slot = slot, .size = any_size(random), .old_size = sizes[slot]};
        const std::uint32_t luck = random() % 8;
        if (sizes[slot] == 0) {
            if (!fills && luck < 4) continue;
            call.what =
                what == speaks::granules ? played_call::heap_allocate : played_call::c_malloc;
            if (what == speaks::aligned_c && luck == 7) {
                call.what = played_call::c_aligned_alloc;
                call.alignment = 16U << random() % 3;
            }
        } else if (luck < (fills ? 6U : 3U)) {
            call.what =
                what == speaks::granules ? played_call::heap_resize : played_call::c_realloc;
        } else {
            call.what =
                what == speaks::granules ? played_call::heap_deallocate : played_call::c_free;
            call.size = 0;
        }
        sizes[slot] = call.size;
        made.push_back(call);
    }
    return made;
}

bool takes(const played_call& call) {
    return call.what == played_call::c_malloc || call.what == played_call::c_aligned_alloc ||
           call.what == played_call::heap_allocate;
}
bool resizes(const played_call& call) {
    return call.what == played_call::c_realloc || call.what == played_call::heap_resize;
}

// -- Their traces ----------------------------------------------------------------------------------

std::string as_allocation_log(const program& calls) {
    std::string text;
    for (const played_call& call : calls) {
        if (call.what == played_call::c_aligned_alloc)
            text += fmt::format("a {} {} {}\n", call.slot, call.size, call.alignment);
        else if (takes(call))
            text += fmt::format("a {} {}\n", call.slot, call.size);
        else if (resizes(call))
            text += fmt::format("r {} {}\n", call.slot, call.size);
        else
            text += fmt::format("f {}\n", call.slot);
    }
    return text;
}

/// A realloc is a release and an allocation there.
std::string as_raw_heaptrack(const program& calls) {
    std::string text = "v 10500 3\nx /a.out\nX ./a.out\nI 1000 1000\nt 401000 0\n";
    for (const played_call& call : calls) {
        if (!takes(call)) text += fmt::format("- {:x}\n", 0x1000 + call.slot * 16);
        if (call.size != 0)
            text += fmt::format("+ {:x} 1 {:x}\n", call.size, 0x1000 + call.slot * 16);
    }
    return text;
}

std::string as_heaptrack(const program& calls) {
    std::string text = "v 10500 3\ns 4 main\ni 401000 0 1\nt 1 0\n";
    std::map<std::uint32_t, std::size_t> index_of; // by size
    std::vector<std::uint32_t> sizes(played_slots);
    for (const played_call& call : calls) {
        if (!takes(call)) text += fmt::format("- {:x}\n", index_of.at(sizes[call.slot]));
        sizes[call.slot] = call.size;
        if (call.size == 0) continue;
        const auto [found, is_new] = index_of.try_emplace(call.size, index_of.size());
        if (is_new) text += fmt::format("a {:x} 1\n", call.size);
        text += fmt::format("+ {:x}\n", found->second);
    }
    return text;
}

std::string word(std::uint32_t bits) {
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &bits, 4);
    return bytes;
}

/// By taken size and by size before and after.
std::string as_drone_0_14(const program& calls) {
    const auto keyed = [](std::uint32_t bits) { return word(bits ^ 0xC5AC'CE55U); };
    std::vector<std::uint32_t> sizes(played_slots);
    std::string bytes;
    for (const played_call& call : calls) {
        const std::uint32_t before = std::exchange(sizes[call.slot], call.size);
        if (resizes(call)) {
            const std::uint32_t tag = call.size > before ? 0xB000'0000 : 0xC000'0000;
            bytes += keyed(tag | 0x100'0000 | before >> 8U);
            bytes += keyed(tag | 0x200'0000 | (before & 0xFFU) << 16U | call.size >> 16U);
            bytes += keyed(tag | 0x300'0000 | (call.size & 0xFFFFU));
        } else {
            const std::uint32_t tag = takes(call) ? 0xA000'0000 : 0xD000'0000;
            const std::uint32_t size = takes(call) ? call.size : before;
            bytes += keyed(tag | 0x100'0000 | size >> 8U);
            bytes += keyed(tag | 0x200'0000 | (size & 0xFFU));
        }
    }
    return bytes;
}

std::string as_drone_2022(const program& calls) {
    std::vector<std::uint32_t> sizes(played_slots);
    std::string bytes;
    for (const played_call& call : calls) {
        const std::uint32_t before = std::exchange(sizes[call.slot], call.size);
        if (resizes(call))
            bytes += static_cast<char>(call.size > before ? 2 : 3) + word(before) + word(call.size);
        else if (takes(call))
            bytes += '\0' + word(call.size);
        else
            bytes += '\1' + word(before);
    }
    return bytes;
}

/// The layout of the traced heap: coarse, so that many of its resizes keep their place.
constexpr auto traced_pools = make_layout<5>(
    played_arena, {{16, 128}, {32, 100}, {64, 128}, {192, 96}, {512, 48}}, played_alignment
);

/// Port 31 as a file.
struct file_carrier {
    static inline std::string bytes;
    static bool enabled(unsigned port) noexcept { return port == 31; }
    static bool ready(unsigned) noexcept { return true; }
    static void write(unsigned, std::uint32_t bits) noexcept { bytes += word(bits); }
    static void write(unsigned, std::uint8_t) noexcept {}
};
using ring = ram_ring<16 * 1024>;

template <class Carrier>
struct traced_options {
    static constexpr const auto& layout = traced_pools;
    using core = host::threads;
    using carrier = Carrier;
    static constexpr heap_settings settings{.trace_port = 31};
};

/// Makes the calls on a traced heap of this machine.
template <class Carrier>
void trace_by(const program& calls) {
    const auto heap = std::make_unique<declared_heap<traced_options<Carrier>>>();
    heap->initialize();
    std::vector<void*> blocks(played_slots);
    for (const played_call& call : calls) {
        void*& block = blocks[call.slot];
        if (takes(call))
            block = heap->allocate(call.size, std::max(call.alignment, default_alignment));
        else if (resizes(call))
            block = resize(*heap, block, heap->block_size(block), call.size, default_alignment);
        else
            heap->deallocate(block);
        if (call.size != 0 && block == nullptr) throw std::runtime_error("too small a heap");
    }
}

std::string as_native(const program& calls) {
    file_carrier::bytes.clear();
    trace_by<file_carrier>(calls);
    return file_carrier::bytes;
}

std::string as_ring_dump(const program& calls) {
    trace_by<ring>(calls);
    return {static_cast<const char*>(ring::data()), ring::size_bytes()};
}

// -- The board -------------------------------------------------------------------------------------

/// The player's board.
class player : board::board_listener {
public:
    player() : program_(checked(board::read_firmware(DRONE_FIRMWARE_DIR "/player.elf"))) {
        board_ = checked(board::virtual_board::make({}, checked(flash_image(program_)), *this));
    }

    struct outcome {
        std::uint32_t failed = 0;
        std::vector<std::uint32_t> peaks; ///< by pool, then the region's, in blocks
    };

    outcome play(const layout::tried_heap& heap, const program& calls) {
        const std::span<const pool_spec> pools = heap.pools;
        if (!board_->reset()) throw std::runtime_error("no reset");
        stop();
        std::array<pool_layout, played_pools> placed{};
        place_pools(pools.data(), pools.size(), heap.alignment, placed.data());
        load("pools", placed.data(), sizeof placed);
        std::uint32_t used = 0;
        for (std::size_t pool = 0; pool < pools.size(); ++pool)
            used += placed[pool].size();
        if (used + heap.region_bytes > played_arena) throw std::runtime_error("too large a heap");
        const region_layout region = place_region(used, used + heap.region_bytes);
        load("region", &region, sizeof region);
        set("pool_count", static_cast<std::uint32_t>(pools.size()));
        for (std::size_t at = 0; at < calls.size(); at += played_at_once) {
            stop();
            const std::size_t count = std::min<std::size_t>(calls.size() - at, played_at_once);
            load("calls", &calls[at], count * sizeof(played_call));
            set("call_count", static_cast<std::uint32_t>(count));
        }
        stop();
        set("call_count", 0);
        const board::run_end end = board_->run();
        if (end.why != board::run_end::kind::exited || end.status != 0)
            throw std::runtime_error("the player did not come to its end: " + end.message);
        outcome seen{.failed = word_at("failed", 0), .peaks = {}};
        for (std::uint32_t pool = 0; pool <= pools.size(); ++pool)
            seen.peaks.push_back(word_at("peaks", pool));
        return seen;
    }

private:
    [[nodiscard]] std::uint32_t address(std::string_view name) const {
        return checked(program_.find(std::string(name))).address;
    }
    /// Goes on to where the player waits to be loaded.
    void stop() {
        const board::run_end end = board_->run({.address = address("loaded")});
        if (end.why != board::run_end::kind::address)
            throw std::runtime_error("the player does not wait: " + end.message);
    }
    void load(std::string_view name, const void* data, std::size_t size) {
        const auto bytes = static_cast<std::uint32_t>(size);
        std::memcpy(board_->processor().ram(address(name), bytes).data(), data, size);
    }
    void set(std::string_view name, std::uint32_t value) { load(name, &value, sizeof value); }
    [[nodiscard]] std::uint32_t word_at(std::string_view name, std::uint32_t index) const {
        return board_->processor().read_word(address(name) + 4 * index).value();
    }

    board::firmware program_;
    std::unique_ptr<board::virtual_board> board_;
};

// -- Held there ------------------------------------------------------------------------------------

struct traced_as {
    const char* name;
    trace::format format;
    speaks what;
    std::string (*trace)(const program& calls);
};

/// A trace by way of a file, as the tool reads it.
usage::demand demand_of(const std::string& bytes, trace::format format) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / fmt::format("drone-held-{}", ::getpid());
    std::ofstream(file, std::ios::binary) << bytes;
    const auto source = checked(trace::source::open(file));
    EXPECT_EQ(source.format(), format);
    usage::demand made = checked(usage::make_demand(source));
    std::filesystem::remove(file);
    return made;
}

class Held : public testing::TestWithParam<traced_as> {
protected:
    /// Of a format that leaves nothing open the replay does what the board does, where requests fall
    /// over as well.
    const bool is_exact_ = trace::left_open(GetParam().format).empty();

    [[nodiscard]] layout::planner planner_of(const program& calls) {
        runs_.clear();
        runs_.push_back(demand_of(GetParam().trace(calls), GetParam().format));
        return checked(layout::planner::of(runs_, {.most_pools = 8}));
    }
    [[nodiscard]] static layout::plan
    make(layout::planner& planner, std::size_t pools, bool squeeze) {
        return checked(
            planner.make({.pools = pools, .rule = layout::headroom::none, .squeeze = squeeze})
        );
    }

    player board_;
    std::vector<usage::demand> runs_;
};

TEST_P(Held, MeansHeldOnTheBoardWithTheSameCalls) {
    for (const unsigned seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(seed);
        const program calls = any_program(seed, GetParam().what);
        auto planner = planner_of(calls);
        for (const std::size_t pools : {2U, 4U, 8U}) {
            for (const bool squeeze : {false, true}) {
                if (squeeze && !is_exact_) continue;
                SCOPED_TRACE(fmt::format("{} pools{}", pools, squeeze ? ", squeezed" : ""));
                const layout::plan plan = make(planner, pools, squeeze);
                ASSERT_TRUE(plan.replay.holds());
                const player::outcome seen =
                    board_.play({.pools = plan.pools, .alignment = plan.alignment}, calls);
                EXPECT_EQ(seen.failed, 0U);
                for (std::size_t pool = 0; pool < plan.pools.size(); ++pool) {
                    if (is_exact_) {
                        EXPECT_EQ(seen.peaks[pool], plan.replay.pools[pool].peak) << pool;
                    } else {
                        EXPECT_LE(seen.peaks[pool], plan.replay.pools[pool].peak) << pool;
                    }
                }
            }
        }
    }
}

// What is said with a squeezed layout is so: of some program the board does otherwise.
TEST_P(Held, MayNotBeWhereRequestsFallOverAndTheTraceLeavesSomethingOpen) {
    const auto differs = [&](unsigned seed) {
        const program calls = any_program(seed, GetParam().what);
        auto planner = planner_of(calls);
        const layout::plan plan = make(planner, 4, true);
        const player::outcome seen =
            board_.play({.pools = plan.pools, .alignment = plan.alignment}, calls);
        for (std::size_t pool = 0; pool < plan.pools.size(); ++pool)
            if (seen.peaks[pool] != plan.replay.pools[pool].peak) return true;
        return seen.failed != 0;
    };
    bool any = false;
    for (unsigned seed = 1; seed <= 40 && !any; ++seed)
        any = differs(seed);
    EXPECT_EQ(any, !is_exact_);
}

TEST_P(Held, MeansHeldWithAnOverflowRegionToo) {
    const bool tells_resizes = GetParam().format == trace::format::allocation_log;
    unsigned failed = 0;
    for (const unsigned seed : {1U, 2U}) {
        SCOPED_TRACE(seed);
        const program calls = any_program(seed, GetParam().what);
        runs_ = {demand_of(GetParam().trace(calls), GetParam().format)};
        for (const std::size_t pools : {0U, 4U, 8U}) {
            SCOPED_TRACE(fmt::format("at most {} pools", pools));
            const layout::overflow_plan plan =
                checked(layout::plan_overflow(runs_, {.most_pools = pools}));
            ASSERT_TRUE(plan.holds());
            layout::tried_heap heap{
                .pools = plan.pools, .alignment = plan.alignment, .region_bytes = plan.region
            };
            if (!tells_resizes) {
                // A block that moves has both places for a moment, of which the trace does not tell.
                heap.region_bytes += plan.needed / 2 / 8 * 8;
                EXPECT_EQ(board_.play(heap, calls).failed, 0U);
                continue;
            }
            const player::outcome seen = board_.play(heap, calls);
            EXPECT_EQ(seen.failed, 0U);
            for (std::size_t pool = 0; pool < plan.pools.size(); ++pool)
                EXPECT_EQ(seen.peaks[pool], plan.replay.pools[pool].peak) << pool;
            EXPECT_EQ(seen.peaks.back(), plan.replay.region.peak);
            // Smaller ones hold here where they hold there. A tenth is to spare.
            for (int less = 1; less <= 8; ++less) {
                heap.region_bytes = plan.region - plan.region / 40 * static_cast<unsigned>(less);
                const auto replayed = checked(layout::replay(runs_, heap));
                const bool held = board_.play(heap, calls).failed == 0;
                EXPECT_EQ(held, replayed.holds()) << heap.region_bytes;
                if (!held) ++failed;
            }
        }
    }
    if (tells_resizes) {
        EXPECT_GT(failed, 0U);
    }
}

TEST(Player, CountsWhatItsHeapCannotServe) {
    player board;
    const program calls = {
        {.what = played_call::c_malloc, .slot = 0, .size = 8},
        {.what = played_call::c_malloc, .slot = 1, .size = 8},
        {.what = played_call::c_realloc, .slot = 0, .size = 24},
        {.what = played_call::c_free, .slot = 0},
        {.what = played_call::c_malloc, .slot = 2, .size = 9},
    };
    const std::vector<pool_spec> pools = {{8, 1}, {16, 1}};
    const player::outcome seen = board.play({.pools = pools}, calls);
    EXPECT_EQ(seen.failed, 2U);
    EXPECT_THAT(seen.peaks, testing::ElementsAre(1, 1, 0));
}

INSTANTIATE_TEST_SUITE_P(
    Traces,
    Held,
    testing::Values(
        traced_as{"native", trace::format::native, speaks::aligned_c, as_native},
        traced_as{"ring_dump", trace::format::native, speaks::aligned_c, as_ring_dump},
        traced_as{"drone_0_14", trace::format::drone_0_14, speaks::granules, as_drone_0_14},
        traced_as{"drone_2022", trace::format::drone_2022, speaks::granules, as_drone_2022},
        traced_as{"heaptrack", trace::format::heaptrack, speaks::c, as_heaptrack},
        traced_as{"heaptrack_raw", trace::format::heaptrack_raw, speaks::c, as_raw_heaptrack},
        traced_as{
            "allocation_log", trace::format::allocation_log, speaks::aligned_c, as_allocation_log
        }
    ),
    [](const auto& one) { return std::string(one.param.name); }
);

} // namespace
} // namespace drone::calls
