// SPDX-License-Identifier: MIT
#include "config/generated.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::config {

namespace {

project parsed(std::string_view text) {
    result<project> p = parse(text, "Drone.toml");
    EXPECT_TRUE(p.has_value()) << p.error().message;
    return std::move(*p);
}

} // namespace

TEST(LayoutHeader, HoldsEveryHeapAsConstexprData) {
    const project p = parsed("[heap]\nsize = \"1K\"\n"
                             "pools = [{ block = 4, capacity = 3 }, { block = 8, capacity = 2 }]\n"
                             "[heap.ccm]\nsize = 64\nalign = 16\norigin = \"0x10000000\"\n"
                             "pools = [{ block = 16, capacity = 4 }]\n");
    EXPECT_EQ(layout_header(p), R"(// Made from Drone.toml by `drone print layout`.
#pragma once

#include <drone/layout.hpp>

#include <cstdint>

namespace drone::config {

inline constexpr auto heap_main = drone::make_layout(
    1024,
    {
        {4, 3},
        {8, 2},
    },
    8
);

inline constexpr auto heap_ccm = drone::make_layout(
    64,
    {
        {16, 4},
    },
    16
);
inline constexpr std::uintptr_t heap_ccm_origin = 0x10000000;

} // namespace drone::config
)");
}

TEST(LayoutHeader, SaysWhereTheRestIsARegion) {
    EXPECT_THAT(
        *layout_header(parsed("[heap]\nsize = 1024\noverflow = true\n"
                              "pools = [{ block = 4, capacity = 3 }]\n"
                              "[heap.ccm]\nsize = 64\norigin = \"0x10000000\"\noverflow = true\n")),
        testing::HasSubstr(R"(
inline constexpr auto heap_main = drone::make_layout(
    1024,
    {
        {4, 3},
    },
    8,
    drone::overflow::region
);

inline constexpr auto heap_ccm = drone::make_layout(
    64,
    drone::overflow::region,
    8
);
)")
    );
}

TEST(LayoutHeader, NeedsPoolsOrARegion) {
    EXPECT_EQ(
        layout_header(parsed("[heap]\nsize = 64\n")).error().message,
        "Drone.toml: heap \"main\" has no pools; add overflow = true, or pools = [{ block = \"16\", "
        "capacity = 10 }]"
    );
    EXPECT_FALSE(layout_header(parsed("")).has_value());
}

TEST(LinkerMemory, HoldsFlashAndRam) {
    const project p = parsed("[memory]\nflash = { origin = \"0x08000000\", size = \"1M\" }\n"
                             "ram = { origin = \"0x20000000\", size = \"128K\" }\n");
    EXPECT_EQ(linker_memory(p), R"(/* Made from Drone.toml by `drone print memory`. */
MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1048576
    RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 131072
}
)");
    EXPECT_FALSE(linker_memory(parsed("")).has_value());
}

} // namespace drone::config
