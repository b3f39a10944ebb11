// SPDX-License-Identifier: MIT
#include "config/nearest.hpp"

#include <gtest/gtest.h>

#include <array>

namespace drone::config {

namespace {

constexpr std::array<std::string_view, 4> known = {"size", "pools", "align", "origin"};

} // namespace

TEST(Nearest, IsTheKnownWordWithTheFewestChanges) {
    EXPECT_EQ(nearest("sise", known), "size");
    EXPECT_EQ(nearest("pool", known), "pools");
    EXPECT_EQ(nearest("alignment", known), "align");
    EXPECT_EQ(nearest("orgin", known), "origin");
}

TEST(Nearest, IsNothingWhenMostLettersDiffer) {
    EXPECT_EQ(nearest("baud", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest("size", {}), "");
}

} // namespace drone::config
