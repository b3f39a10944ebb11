// SPDX-License-Identifier: MIT
#include "config/rewrite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::config {
namespace {

using testing::HasSubstr;

heap heap_of(std::uint32_t size, std::vector<pool_spec> pools, std::uint32_t alignment = 8) {
    heap made;
    made.name = main_heap;
    made.size = size;
    made.alignment = alignment;
    made.pools = std::move(pools);
    return made;
}

std::string rewritten(std::string_view text, const heap& written) {
    auto made = rewrite_heap(text, "Drone.toml", written);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or("");
}

TEST(Rewrite, ReplacesPoolsAndKeepsTheRest) {
    EXPECT_EQ(
        rewritten(
            "# a\n[log]\nformat = \"swo\"\n\n[heap] # b\n# c\npools = [ # d\n  { block = 4, "
            "capacity = 1 }, # e\n] # f\nsize = 0x400 # g\n# h\n",
            heap_of(1024, {{8, 2}, {1024 - 16, 1}})
        ),
        "# a\n[log]\nformat = \"swo\"\n\n[heap] # b\n# c\npools = [\n    { block = \"8\", capacity "
        "= 2 },\n    { block = \"1008\", capacity = 1 },\n] # f\nsize = 0x400 # g\n# h\n"
    );
}

TEST(Rewrite, ChangesASizeThatSaysSomethingElse) {
    EXPECT_EQ(
        rewritten(
            "[heap]\nsize = 512\npools = [{ block = 4, capacity = 1 }]\n", heap_of(2048, {{8, 2}})
        ),
        "[heap]\nsize = \"2K\"\npools = [\n    { block = \"8\", capacity = 2 },\n]\n"
    );
}

TEST(Rewrite, AddsWhatIsMissing) {
    EXPECT_EQ(
        rewritten(
            "[heap]\nsize = \"1K\" # a\n\n[heap.fast]\nsize = 64\norigin = 0x10000000\n",
            heap_of(1024, {{16, 2}}, 16)
        ),
        "[heap]\nsize = \"1K\" # a\nalign = 16\npools = [\n    { block = \"16\", capacity = 2 "
        "},\n]\n\n[heap.fast]\nsize = 64\norigin = 0x10000000\n"
    );
}

TEST(Rewrite, ChangesAnAlignment) {
    EXPECT_EQ(
        rewritten(
            "[heap]\nalign = 32\nsize = \"1K\"\npools = [{ block = 8, capacity = 1 }]\n",
            heap_of(1024, {{16, 2}}, 16)
        ),
        "[heap]\nalign = 16\nsize = \"1K\"\npools = [\n    { block = \"16\", capacity = 2 },\n]\n"
    );
}

TEST(Rewrite, FindsAHeapByItsName) {
    heap fast = heap_of(64, {{8, 2}});
    fast.name = "fast";
    EXPECT_EQ(
        rewritten(
            "[heap.main]\nsize = \"1K\"\n[heap.fast]\nsize = 64\norigin = 0x10000000\npools = [{ "
            "block = 4, capacity = 1 }]\n",
            fast
        ),
        "[heap.main]\nsize = \"1K\"\n[heap.fast]\nsize = 64\norigin = 0x10000000\npools = [\n    { "
        "block = \"8\", capacity = 2 },\n]\n"
    );
    EXPECT_THAT(
        rewritten(
            "[heap.main]\nsize = \"1K\"\npools = [{ block = 4, capacity = 1 }]\n",
            heap_of(1024, {{8, 2}})
        ),
        HasSubstr("[heap.main]\nsize = \"1K\"\npools = [\n    { block = \"8\"")
    );
}

TEST(Rewrite, AddsASectionToAFileWithoutOne) {
    EXPECT_EQ(
        rewritten("[log]\nformat = \"swo\"", heap_of(1024, {{8, 2}})),
        "[log]\nformat = \"swo\"\n\n[heap]\nsize = \"1K\"\npools = [\n    { block = \"8\", "
        "capacity = 2 },\n]\n"
    );
    EXPECT_EQ(
        rewritten("", heap_of(1024, {{8, 2}})),
        "[heap]\nsize = \"1K\"\npools = [\n    { block = \"8\", capacity = 2 },\n]\n"
    );
}

TEST(Rewrite, WritesOverflowWhereItChanges) {
    heap written = heap_of(1024, {{8, 2}});
    written.overflow = true;
    EXPECT_EQ(
        rewritten("[heap]\nsize = 1024\npools = []\noverflow = true\n", written),
        "[heap]\nsize = 1024\npools = [\n    { block = \"8\", capacity = 2 },\n]\noverflow = true\n"
    );
    written.pools.clear();
    EXPECT_EQ(
        rewritten("[heap]\nsize = 1024\npools = [{ block = 4, capacity = 1 }]\n", written),
        "[heap]\nsize = 1024\noverflow = true\npools = []\n"
    );
    written = heap_of(1024, {{8, 2}});
    EXPECT_EQ(
        rewritten("[heap]\nsize = 1024\noverflow = true # all\npools = []\n", written),
        "[heap]\nsize = 1024\noverflow = false # all\npools = [\n    { block = \"8\", capacity = 2 "
        "},\n]\n"
    );
}

TEST(Rewrite, PutsRemarksBehindThePoolsInPlaceOfOlderOnes) {
    const auto with = [](std::string_view text) {
        return rewrite_heap(
                   text, "Drone.toml", heap_of(1024, {{8, 2}}), "# Fragmentation: 4 / 0.39%\n"
        )
            .value_or("");
    };
    const std::string pools = "pools = [\n    { block = \"8\", capacity = 2 },\n]";
    const std::string made = "[heap]\nsize = 1024\n" + pools + " # a\n# Fragmentation: 4 / 0.39%\n";
    const std::string old = "[heap]\nsize = 1024\npools = [{ block = 4, capacity = 1 }] # a\n";
    EXPECT_EQ(with(old), made);
    EXPECT_EQ(with(made), made) << "once";
    EXPECT_EQ(
        with(
            old +
            "# Fragmentation: 728 / 7.11%\n# 2 gaps in the trace, no events known to be lost: "
            "the loads are lower bounds\n# mine\n[log]\n"
        ),
        made + "# mine\n[log]\n"
    );
    EXPECT_EQ(
        with(
            "[heap]\nsize = 1024\npools = [{ block = 4, capacity = 1 }]\n# Fragmentation: 0 / 0.00%"
        ), // the file's end
        "[heap]\nsize = 1024\n" + pools + "\n# Fragmentation: 4 / 0.39%\n"
    );
    EXPECT_EQ(
        with("[heap]\nsize = 1024\npools = [{ block = 4, capacity = 1 }]"),
        "[heap]\nsize = 1024\n" + pools + "\n# Fragmentation: 4 / 0.39%"
    );
    EXPECT_EQ(
        with("[heap]\nsize = 1024\n\n[heap.fast]\nsize = 64\norigin = 0x10000000\n"),
        "[heap]\nsize = 1024\n" + pools +
            "\n# Fragmentation: 4 / 0.39%\n\n[heap.fast]\nsize = "
            "64\norigin = 0x10000000\n"
    );
    EXPECT_EQ(with(""), "[heap]\nsize = \"1K\"\n" + pools + "\n# Fragmentation: 4 / 0.39%\n");
    // Of another section: none of this heap's.
    const std::string other =
        "[heap.fast]\nsize = 64\norigin = 0x10000000\npools = [{ block = 4, capacity = 1 }]\n"
        "# Fragmentation: 1 / 1.56%\n";
    EXPECT_EQ(with(old + other), made + other);
    EXPECT_EQ(
        with(
            "[heap]\r\nsize = 1024\r\npools = [{ block = 4, capacity = 1 }]\r\n# Fragmentation: 1 / 0.10%\r\n"
        ),
        "[heap]\r\nsize = 1024\r\npools = [\r\n    { block = \"8\", capacity = 2 },\r\n]\r\n"
        "# Fragmentation: 4 / 0.39%\r\n"
    );
}

TEST(Rewrite, KeepsTheLineEndsOfTheFile) {
    EXPECT_EQ(
        rewritten(
            "[heap]\r\nsize = 1024\r\npools = [{ block = 4, capacity = 1 }]\r\n",
            heap_of(1024, {{8, 2}})
        ),
        "[heap]\r\nsize = 1024\r\npools = [\r\n    { block = \"8\", capacity = 2 },\r\n]\r\n"
    );
}

TEST(Rewrite, ReplacesValuesOfAnInlineHeap) {
    EXPECT_EQ(
        rewritten(
            "heap = { size = \"1K\", \"pools\" = [{ block = 4, capacity = 1 }] } # Größe: ä€😀\n",
            heap_of(1024, {{8, 2}})
        ),
        "heap = { size = \"1K\", \"pools\" = [\n    { block = \"8\", capacity = 2 },\n] } # Größe: "
        "ä€😀\n"
    );
}

TEST(Rewrite, RefusesAnInlineHeapThatLacksAKey) {
    const auto made =
        rewrite_heap("heap = { size = \"1K\" }\n", "Drone.toml", heap_of(1024, {{8, 2}}));
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().message, HasSubstr("Drone.toml:1: the heap is written inline"));
}

TEST(Rewrite, RefusesAFileThatIsNotSound) {
    EXPECT_FALSE(rewrite_heap("[heap\n", "Drone.toml", heap_of(1024, {{8, 2}})).has_value());
    EXPECT_FALSE(
        rewrite_heap("[heap]\nsize = 4\n", "Drone.toml", heap_of(1024, {{2000, 2}})).has_value()
    );
}

} // namespace
} // namespace drone::config
