// SPDX-License-Identifier: MIT
// Somebody who looks on sees what the reader of the whole file says afterwards.

#include "trace/formats/native/follower.hpp"
#include "trace_writer.hpp"
#include "usage/watch_model.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string>

namespace drone::usage {
namespace {

using testing::ElementsAre;
using trace::native_writer;

/// Blocks of all pools that come, change and go.
native_writer some_trace(std::mt19937& random, std::size_t events) {
    native_writer writer;
    writer.announce();
    std::array<std::array<std::uint32_t, 16>, 3> sizes{}; // live blocks; 0: free
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    for (std::size_t i = 0; i < events; ++i) {
        const std::size_t pool = below(3);
        const std::uint32_t index = below(16);
        const std::uint32_t size = 1 + below(native_writer::layout.pools[pool].block);
        std::uint32_t& live = sizes[pool][index];
        if (below(5) == 0) writer.send(wire::caller(0x8000100 + 2 * below(4)));
        if (live == 0) {
            writer.allocate(pool, index, size);
            live = size;
        } else if (below(4) == 0) {
            writer.resize(pool, index, size);
            live = size;
        } else {
            writer.deallocate(pool, index);
            live = 0;
        }
        if (below(64) == 0) writer.announce();
    }
    return writer;
}

/// Feeds the bytes in pieces of any length.
void feed(trace::native_follower& to, const std::string& bytes, std::mt19937& random) {
    auto rest = std::as_bytes(std::span(bytes));
    while (!rest.empty()) {
        const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + random() % 37);
        to.feed(rest.first(piece));
        rest = rest.subspan(piece);
    }
}

RC_GTEST_PROP(Watch, AgreesWithTheReaderOfTheWholeTrace, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    const std::string bytes = some_trace(random, random() % 800).checkpoint().bytes();
    watch_model model;
    trace::native_follower follower(model);
    feed(follower, bytes, random);
    const trace::reading whole(bytes);
    RC_ASSERT(follower.knows_heap());
    RC_ASSERT(follower.found().events == whole.found.events);
    RC_ASSERT(follower.found().gaps == 0U);
    RC_ASSERT(model.bytes().most == whole.usage.peak_bytes());
    std::uint64_t live = 0;
    std::uint64_t blocks = 0;
    for (const auto& [size, left] : whole.usage.leftovers()) {
        live += left.blocks * size;
        blocks += left.blocks;
    }
    RC_ASSERT(model.bytes().now == live);
    RC_ASSERT(model.blocks() == blocks);
    std::uint64_t in_pools = 0;
    for (const watch_model::pool& pool : model.pools())
        in_pools += pool.use.now;
    RC_ASSERT(in_pools == blocks);
    std::uint64_t held = 0;
    for (const auto& [caller, holder] : model.top(100))
        held += holder.bytes;
    RC_ASSERT(held == live);
}

TEST(Watch, CountsAGap) {
    native_writer writer;
    writer.announce().allocate(0, 0, 4).lose(3);
    writer.allocate(0, 1, 4);
    watch_model model;
    trace::native_follower follower(model);
    std::mt19937 random(1);
    feed(follower, writer.bytes(), random);
    EXPECT_EQ(follower.found().gaps, 1);
    EXPECT_EQ(follower.found().lost_events, 3);
    EXPECT_EQ(model.pools()[0].use.now, 2);
}

TEST(Watch, ResetsPeaks) {
    native_writer writer;
    writer.announce().allocate(0, 0, 4).allocate(0, 1, 4).deallocate(0, 0);
    watch_model model;
    trace::native_follower follower(model);
    std::mt19937 random(1);
    feed(follower, writer.bytes(), random);
    EXPECT_EQ(model.pools()[0].use.most, 2);
    EXPECT_EQ(model.bytes().most, 8);
    model.reset_peaks();
    EXPECT_EQ(model.pools()[0].use.most, 1);
    EXPECT_EQ(model.bytes().most, 4);
}

TEST(Watch, RemembersAMinuteInSeconds) {
    last_minute minute;
    minute.note(0, 5);
    minute.note(0, 3);
    minute.note(2, 7);
    EXPECT_THAT(minute.most(), ElementsAre(5, 5, 7));
    minute.note(3, 1);
    EXPECT_THAT(minute.most(), ElementsAre(5, 5, 7, 1));
    for (std::uint64_t second = 4; second < 200; ++second)
        minute.note(second, second);
    EXPECT_EQ(minute.most().size(), last_minute::parts);
    EXPECT_EQ(minute.most().back(), 199);
    EXPECT_EQ(minute.most().front(), 140);
}

} // namespace
} // namespace drone::usage
