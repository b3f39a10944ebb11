// SPDX-License-Identifier: MIT
#include "config/generated.hpp"
#include "config/rewrite.hpp"
#include "messages.hpp"

#include <gmock/gmock.h>

namespace drone::config {

namespace {

using testing::ElementsAre;

/// The only heap of a text.
heap only_heap(std::string_view text) {
    const result<project> p = parse(text, "Drone.toml");
    EXPECT_TRUE(p.has_value()) << p.error().message;
    EXPECT_EQ(p->heaps.size(), 1);
    return p->heaps.at(0);
}

/// What is said of one heap of 1K with these pools.
std::string pool_refusal(std::string_view pools) {
    return refusal("[heap]\nsize = \"1K\"\npools = [\n" + std::string(pools) + "\n]\n");
}

} // namespace

TEST(Heap, OfTheSeedsIsRead) {
    const heap h = only_heap(R"([heap]
size = "10K"
pools = [
    { block = "4", capacity = 201 },
    { block = "12", capacity = 222 },
    { block = "28", capacity = 115 },
    { block = "32", capacity = 83 },
    { block = "128", capacity = 7 },
]
# Fragmentation: 0 / 0.00%
)");
    EXPECT_EQ(h.name, "main");
    EXPECT_EQ(h.size, 10240);
    EXPECT_EQ(h.alignment, default_alignment);
    EXPECT_FALSE(h.origin.has_value());
    EXPECT_THAT(
        h.pools,
        ElementsAre(
            pool_spec{4, 201},
            pool_spec{12, 222},
            pool_spec{28, 115},
            pool_spec{32, 83},
            pool_spec{128, 7}
        )
    );
}

TEST(Heap, MainMayBeWrittenInItsOwnTable) {
    const heap h = only_heap("[heap.main]\nsize = 64\npools = [{ block = 8, capacity = 8 }]\n"
                             "align = 16\norigin = \"0x20000000\"\n");
    EXPECT_EQ(h.name, "main");
    EXPECT_EQ(h.size, 64);
    EXPECT_EQ(h.alignment, 16);
    EXPECT_EQ(h.origin, 0x2000'0000);
    EXPECT_THAT(h.pools, ElementsAre(pool_spec{8, 8}));
}

TEST(Heap, MayHaveNoPoolsYet) { EXPECT_TRUE(only_heap("[heap]\nsize = \"10K\"\n").pools.empty()); }

TEST(Heap, MayHaveAnOverflowRegionBehindItsPoolsOrAlone) {
    const heap both = only_heap("[heap]\nsize = 128\noverflow = true\n"
                                "pools = [{ block = 8, capacity = 8 }]\n");
    EXPECT_TRUE(both.overflow);
    EXPECT_EQ(both.pools.size(), 1U);
    EXPECT_TRUE(only_heap("[heap]\nsize = 128\noverflow = true\npools = []\n").overflow);
    EXPECT_TRUE(only_heap("[heap]\nsize = 128\noverflow = true\n").overflow);
    EXPECT_FALSE(only_heap("[heap]\nsize = 128\noverflow = false\n").overflow);
}

TEST(Heap, NeedsRoomForItsOverflowRegion) {
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\noverflow = true\npools = [{ block = 8, capacity = 7 }]\n"),
        "Drone.toml:2:8: [heap] has an overflow region of 8 bytes, too few for one block; raise "
        "\"size\" or lower capacities"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 16\noverflow = true\n"),
        "Drone.toml:2:8: [heap] has an overflow region of 16 bytes, too few for one block; raise "
        "\"size\""
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\noverflow = 1\n"),
        "Drone.toml:3:12: \"overflow\" is a whole number; write true or false"
    );
}

TEST(Heap, MayStandBesideOthersWithTheirOwnOrigins) {
    const result<project> p = parse(
        "[heap]\nsize = \"1K\"\n[heap.ccm]\nsize = \"2K\"\norigin = \"0x10000000\"\n", "Drone.toml"
    );
    ASSERT_TRUE(p.has_value()) << p.error().message;
    ASSERT_EQ(p->heaps.size(), 2);
    EXPECT_EQ(p->find_heap()->size, 1024);
    ASSERT_NE(p->find_heap("ccm"), nullptr);
    EXPECT_EQ(p->find_heap("ccm")->origin, 0x1000'0000);
    EXPECT_EQ(p->find_heap("other"), nullptr);
}

TEST(Heap, MustNotBeEmpty) {
    EXPECT_EQ(refusal("[heap]\n"), "Drone.toml:1:1: [heap] is empty; add size = \"10K\"");
}

TEST(Heap, MustNotBeWrittenTwice) {
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\n[heap.main]\nsize = 64\n"),
        "Drone.toml:3:1: [heap] and [heap.main] are the same heap; keep one of them"
    );
}

TEST(Heap, NeedsASize) {
    EXPECT_EQ(
        refusal("[heap]\nalign = 8\n"), "Drone.toml:1:1: [heap] has no \"size\"; add size = \"10K\""
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 0\n"),
        "Drone.toml:2:8: \"size\" is 0; a heap needs at least one block"
    );
}

TEST(Heap, RefusesSizesThatDoNotParse) {
    EXPECT_EQ(
        refusal("[heap]\nsize = \"10KB\"\n"),
        "Drone.toml:2:8: \"size\": \"10KB\" is not a size; write bytes (512, 0x800) or a number with "
        "K, M or G (10K)"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = -1\n"),
        "Drone.toml:2:8: \"size\" is -1; write a number that is not negative"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 1.5\n"),
        "Drone.toml:2:8: \"size\" is a fraction; write 512, \"0x800\" or \"10K\""
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = \"4G\"\n"),
        "Drone.toml:2:8: \"size\" is 4294967296, beyond 32 bits; write at most 4294967295"
    );
}

TEST(Heap, NamesTheKnownKeyNearestToAnUnknownOne) {
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\npool = []\n"),
        "Drone.toml:3:1: unknown key \"pool\" in [heap]; did you mean \"pools\"?"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\ncolour = 1\n"),
        "Drone.toml:3:1: unknown key \"colour\" in [heap]; the known keys are size, pools, "
        "overflow, align, "
        "origin, memory, permanent"
    );
    EXPECT_EQ(
        refusal("[heap.main]\nsze = 64\n"),
        "Drone.toml:2:1: unknown key \"sze\" in [heap.main]; did you mean \"size\"?"
    );
}

TEST(Heap, NeedsAPowerOfTwoAsAlignment) {
    for (const char* const align : {"0", "2", "12", "8192"})
        EXPECT_EQ(
            refusal("[heap]\nsize = 64\nalign = " + std::string(align) + "\n"),
            "Drone.toml:3:9: \"align\" is " + std::string(align) +
                "; write a power of two from 4 to 4096"
        );
}

TEST(Heap, NeedsTheRegionsGranuleAsAlignmentWhereItHasOne) {
    EXPECT_EQ(
        refusal("[heap]\nsize = \"1K\"\noverflow = true\nalign = 4\n"),
        "Drone.toml:4:9: \"align\" is 4; with overflow = true write a power of two from 8 to 4096"
    );
}

TEST(Heap, NeedsAnOriginThatSuitsItsAlignmentAndItsSize) {
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\norigin = \"0x20000004\"\n"),
        "Drone.toml:3:10: \"origin\" is 0x20000004, not a multiple of 8, the heap's alignment"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\norigin = 0\n"),
        "Drone.toml:3:10: \"origin\" is 0, where the first block would be null; write at least 8"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = \"1K\"\norigin = \"0xfffffff0\"\n"),
        "Drone.toml:3:10: [heap] reaches beyond the last address, 0xffffffff; lower \"origin\" or "
        "\"size\""
    );
}

TEST(FurtherHeap, NeedsAnOrigin) {
    EXPECT_EQ(
        refusal("[heap.ccm]\nsize = 64\n"),
        "Drone.toml:1:1: [heap.ccm] has no \"origin\"; add origin = \"0x10000000\", the address of "
        "this heap, or memory = \"ccm\", a memory of [memory]"
    );
}

TEST(FurtherHeap, NeedsANameForTheCompiler) {
    EXPECT_EQ(
        refusal("[heap.my-heap]\nsize = 64\norigin = 0\n"),
        "Drone.toml:1:1: [heap.my-heap] is not a name for a heap; use letters, digits and underscores"
    );
}

TEST(FurtherHeap, MustNotOverlapAnother) {
    EXPECT_EQ(
        refusal("[heap.a]\nsize = \"1K\"\norigin = \"0x10000000\"\n"
                "[heap.b]\nsize = \"1K\"\norigin = \"0x10000200\"\n"),
        "Drone.toml:6:10: [heap.b] overlaps [heap.a] from 0x10000200 to 0x10000400; move one of "
        "them"
    );
}

TEST(FurtherHeap, MayTouchAnother) {
    EXPECT_EQ(
        refusal("[heap.a]\nsize = \"1K\"\norigin = \"0x10000000\"\n"
                "[heap.b]\nsize = \"1K\"\norigin = \"0x10000400\"\n"),
        "accepted"
    );
}

TEST(HeapInMemory, MustFitTheRamThatTheLinkerFills) {
    const std::string memory = "[memory]\nflash = { origin = \"0x08000000\", size = \"1M\" }\n"
                               "ram = { origin = \"0x20000000\", size = \"16K\" }\n";
    EXPECT_EQ(refusal(memory + "[heap]\nsize = \"16K\"\n"), "accepted");
    EXPECT_EQ(
        refusal(memory + "[heap]\nsize = \"17K\"\n"),
        "Drone.toml:5:8: [heap] is 17408 bytes, more than the 16384 of [memory] ram; lower \"size\""
    );
    EXPECT_EQ(
        refusal(memory + "[heap]\nsize = \"1K\"\norigin = \"0x20003e00\"\n"),
        "Drone.toml:6:10: [heap] overlaps [memory] ram, which the linker fills, from 0x20003e00 to "
        "0x20004000; leave \"origin\" out, or end ram before"
    );
    EXPECT_EQ(refusal(memory + "[heap]\nsize = \"1K\"\norigin = \"0x20004000\"\n"), "accepted");
}

TEST(Heaps, MustNotDefineOneNameTwice) {
    const std::string pools = "size = \"4K\"\npools = [{ block = \"64\", capacity = 1 }]\n";
    EXPECT_EQ(
        refusal(
            "[heap.a]\norigin = \"0x10000000\"\n" + pools +
            "[heap.a_origin]\norigin = \"0x11000000\"\n" + pools
        ),
        "Drone.toml:5:1: [heap.a_origin] and [heap.a] would both define heap_a_origin; rename one "
        "of them"
    );
}

TEST(Pools, MustBeAListOfTables) {
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\npools = 5\n"),
        "Drone.toml:3:9: \"pools\" is a whole number; write a list in [ ]"
    );
    EXPECT_EQ(
        pool_refusal("12"),
        "Drone.toml:4:1: pool 1 of [heap] is a whole number; write a table in { }"
    );
    EXPECT_EQ(
        refusal("[heap]\nsize = 64\npools = []\n"),
        "Drone.toml:3:9: [heap] has an empty list of pools; add one, { block = \"16\", capacity = "
        "10 }, or overflow = true"
    );
}

TEST(Pools, NeedABlockAndACapacity) {
    EXPECT_EQ(
        pool_refusal("{ capacity = 1 }"),
        "Drone.toml:4:1: pool 1 of [heap] has no \"block\"; add block = \"16\""
    );
    EXPECT_EQ(
        pool_refusal("{ block = 4 }"),
        "Drone.toml:4:1: pool 1 of [heap] has no \"capacity\"; add capacity = 10"
    );
    EXPECT_EQ(
        pool_refusal("{ block = 4, count = 1 }"),
        "Drone.toml:4:14: unknown key \"count\" in pool 1 of [heap]; the known keys are block, capacity"
    );
}

TEST(Pools, MustNotBeZero) {
    EXPECT_EQ(
        pool_refusal("{ block = 0, capacity = 1 }"),
        "Drone.toml:4:1: pool 1 of [heap] has blocks of 0 bytes; the smallest block is 4"
    );
    EXPECT_EQ(
        pool_refusal("{ block = 4, capacity = 1 },\n{ block = 8, capacity = 0 }"),
        "Drone.toml:5:1: pool 2 of [heap] has a capacity of 0; remove it or give it a block"
    );
}

TEST(Pools, MustHaveBlocksOfWholeWords) {
    EXPECT_EQ(
        pool_refusal("{ block = 13, capacity = 1 }"),
        "Drone.toml:4:1: pool 1 of [heap] has blocks of 13 bytes, not a multiple of 4; write 16"
    );
}

TEST(Pools, MustAscend) {
    EXPECT_EQ(
        pool_refusal("{ block = 8, capacity = 1 },\n{ block = 4, capacity = 1 }"),
        "Drone.toml:5:1: pool 2 of [heap] has blocks of 4 bytes after blocks of 8; list pools by "
        "ascending block"
    );
    EXPECT_EQ(
        pool_refusal("{ block = 8, capacity = 1 },\n{ block = 8, capacity = 1 }"),
        "Drone.toml:5:1: pool 2 of [heap] has blocks of 8 bytes as the one before; make them one "
        "pool"
    );
}

TEST(Pools, MustFitTheHeap) {
    EXPECT_EQ(pool_refusal("{ block = 4, capacity = 256 }"), "accepted");
    EXPECT_EQ(
        pool_refusal("{ block = 4, capacity = 1 },\n{ block = 8, capacity = 128 }"),
        "Drone.toml:3:9: the pools of [heap] take 1028 bytes, 4 more than its size of 1024; raise "
        "\"size\", lower capacities, or let `drone heap generate` compute pools that fit"
    );
    EXPECT_EQ(
        pool_refusal("{ block = 65536, capacity = 65536 }"),
        "Drone.toml:3:9: the pools of [heap] take 4294967296 bytes, 4294966272 more than its size "
        "of 1024; raise \"size\", lower capacities, or let `drone heap generate` compute pools that "
        "fit"
    );
}

TEST(Pools, ThatNoHeapCanHaveDoNotKeepTheFileFromBeingRead) {
    for (const char* const pools :
         {"[]",
          "[{ block = 8, capacity = 9 }]",
          "[{ block = 8, capacity = 0 }]",
          "[{ block = 13, capacity = 1 }]",
          "[{ block = 8, capacity = 1 }, { block = 4, capacity = 1 }]"}) {
        const auto p = parse("[heap]\nsize = 64\npools = " + std::string(pools), "Drone.toml");
        ASSERT_TRUE(p.has_value()) << pools << p.error().message;
        ASSERT_NE(p->find_heap(), nullptr) << pools;
        EXPECT_TRUE(p->find_heap()->unusable.has_value()) << pools;
        EXPECT_FALSE(require_heap(*p).has_value()) << pools;
        EXPECT_FALSE(layout_header(*p).has_value()) << pools;
        heap anew = *p->find_heap();
        anew.pools = {{.block = 8, .capacity = 8}};
        const auto cured =
            rewrite_heap("[heap]\nsize = 64\npools = " + std::string(pools), "Drone.toml", anew);
        EXPECT_TRUE(cured.has_value()) << pools << cured.error().message;
    }
}

} // namespace drone::config
