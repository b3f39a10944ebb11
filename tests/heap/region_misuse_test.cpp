// SPDX-License-Identifier: MIT
// Damaged tags of an overflow region, and damaged headers of its long blocks, at the levels of
// checking.
#include <drone/declare.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <host/exclusive.hpp>
#include <memory>

namespace {

using drone::check_level;

constexpr auto pools_and_region =
    drone::make_layout(8192, {{8, 2}, {24, 2}}, drone::default_alignment, drone::overflow::region);

template <check_level Level>
struct options {
    static constexpr const auto& layout = pools_and_region;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{.checking = Level};
};

/// Blocks of the region: two short ones, a long one and two more. heap_misused() of this program
/// (checked_test.cpp) ends it with 3.
template <class Level>
class DamagedTagDeathTest : public testing::Test {
protected:
    void SetUp() override {
        heap_->initialize();
        for (std::size_t i = 0; i < count; ++i) {
            blocks_[i] = static_cast<std::byte*>(heap_->allocate(sizes[i]));
            ASSERT_TRUE(heap_->in_region(blocks_[i]));
            std::memset(blocks_[i], 0x5A, sizes[i]);
        }
        arena_ = blocks_[0] - heap_->offset_of(blocks_[0]);
    }

    /// Flips the tag of the granule at an address.
    void flip_tag(const std::byte* at) {
        constexpr drone::region_layout region = pools_and_region.region;
        const std::uint32_t tag = (heap_->offset_of(at) - region.first_block()) / 8 + 1;
        arena_[region.offset + tag / 8] ^= std::byte{1} << tag % 8;
    }
    /// Where a block begins, its header included.
    [[nodiscard]] std::byte* begin(std::size_t i) const { return blocks_[i] - (i == 2 ? 8 : 0); }

    void expect_found(std::size_t i, const char* as) {
        EXPECT_EXIT(
            {
                heap_->deallocate(blocks_[i]);
                std::_Exit(0);
            },
            testing::ExitedWithCode(3),
            as
        ) << "block "
          << i;
    }

    static constexpr std::size_t count = 5;
    static constexpr std::size_t sizes[count] = {100, 60, 1000, 200, 44};
    using heap_type = drone::declared_heap<options<Level::value>>;
    std::unique_ptr<heap_type> heap_ = std::make_unique<heap_type>();
    std::byte* blocks_[count] = {};
    std::byte* arena_ = nullptr;
};
template <class Level>
using FullDamagedTagDeathTest = DamagedTagDeathTest<Level>;

template <check_level Level>
using level = std::integral_constant<check_level, Level>;
using any_level = testing::Types<level<check_level::cheap>, level<check_level::full>>;
TYPED_TEST_SUITE(DamagedTagDeathTest, any_level);
TYPED_TEST_SUITE(FullDamagedTagDeathTest, testing::Types<level<check_level::full>>);

TYPED_TEST(DamagedTagDeathTest, IsFoundWhereABlockBegins) {
    for (std::size_t i = 0; i < this->count; ++i) {
        this->flip_tag(this->begin(i));
        this->expect_found(i, "not a block");
        this->flip_tag(this->begin(i));
    }
}

TYPED_TEST(DamagedTagDeathTest, IsFoundWhereItMakesABlockFree) {
    for (std::size_t i = 0; i < this->count; ++i) {
        this->flip_tag(this->begin(i) + 8);
        this->expect_found(i, i == 2 ? "not a block" : "double free");
        this->flip_tag(this->begin(i) + 8);
    }
}

// The neighbour on the left is overrun, or the program writes by a wild pointer.
TYPED_TEST(DamagedTagDeathTest, OrTheHeaderOfALongBlockIsFound) {
    for (unsigned bit = 0; bit < 16; ++bit) {
        this->begin(2)[bit / 8] ^= std::byte{1} << bit % 8;
        this->expect_found(2, "not a block");
        this->begin(2)[bit / 8] ^= std::byte{1} << bit % 8;
    }
    this->heap_->deallocate(this->blocks_[2]);
}

TYPED_TEST(FullDamagedTagDeathTest, IsFoundInsideABlockAndAtItsEnd) {
    for (const std::size_t i : {0U, 1U, 3U, 4U}) {
        const std::size_t granules = (this->sizes[i] + 4 + 7) / 8;
        for (std::size_t at = 2; at <= granules; ++at) {
            this->flip_tag(this->blocks_[i] + 8 * at);
            this->expect_found(i, "overrun|not a block");
            this->flip_tag(this->blocks_[i] + 8 * at);
        }
    }
}

} // namespace
