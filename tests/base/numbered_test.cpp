// SPDX-License-Identifier: MIT

#include "base/numbered.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace drone::base {
namespace {

enum class row_number : std::uint16_t {};
enum class column_number : std::uint16_t {};

using by_row = by_number<row_number, int>;

template <class Index>
concept indexes_rows = requires(by_row& rows, Index at) { rows[at]; };

// What the type is for.
static_assert(indexes_rows<row_number>);
static_assert(!indexes_rows<column_number>);
static_assert(!indexes_rows<std::size_t>);
static_assert(!indexes_rows<int>);

TEST(ByNumber, HasAnElementForEachNumber) {
    by_row rows = {10, 11, 12};
    rows[row_number{1}] = 21;
    EXPECT_THAT(rows, testing::ElementsAre(10, 21, 12));
    std::vector<row_number> numbers;
    for (const row_number n : rows.numbers())
        numbers.push_back(n);
    EXPECT_THAT(numbers, testing::ElementsAre(row_number{0}, row_number{1}, row_number{2}));
}

TEST(ByNumber, ReachesANumberBeyondItsEnd) {
    by_row rows;
    EXPECT_EQ(rows.find(row_number{5}), nullptr);
    rows.reach(row_number{5}) = 7;
    ASSERT_NE(rows.find(row_number{5}), nullptr);
    EXPECT_EQ(*rows.find(row_number{5}), 7);
    EXPECT_EQ(rows[row_number{4}], 0);
    rows.reach(row_number{2}) = 3;
    EXPECT_EQ(rows[row_number{5}], 7);
    EXPECT_EQ(rows.find(row_number{UINT16_MAX}), nullptr);
}

} // namespace
} // namespace drone::base
