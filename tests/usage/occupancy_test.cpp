// SPDX-License-Identifier: MIT
// Blocks and holes against a byte for every byte, also where later blocks lie over earlier ones.

#include "usage/occupancy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace drone::usage {
namespace {

constexpr std::uint64_t limit = 200;

/// Whose each byte is, and which of a block's bytes are surely the program's.
class model {
public:
    void take(std::uint64_t begin, std::uint64_t size, std::uint64_t beside) {
        if (begin >= limit) return;
        const std::uint64_t sure = std::min(begin + size, limit);
        for (std::uint64_t at = begin; at < std::max(sure, begin + 1); ++at)
            if (const unsigned owner = owner_[at]; owner != 0) {
                if (sure_[at] || owner_of(begin) != owner)
                    drop(owner);
                else
                    cut(owner, begin);
            }
        ++last_;
        for (std::uint64_t at = begin; at < limit && at < begin + size + beside; ++at) {
            if (owner_[at] != 0) break;
            owner_[at] = last_;
            sure_[at] = at < sure;
        }
    }
    void give_back(std::uint64_t begin) { drop(owner_[begin]); }

    [[nodiscard]] std::uint64_t sure() const {
        return static_cast<std::uint64_t>(std::ranges::count(sure_, true));
    }
    [[nodiscard]] std::uint64_t taken() const {
        return limit - static_cast<std::uint64_t>(std::ranges::count(owner_, 0U));
    }
    [[nodiscard]] occupancy::holes holes() const {
        occupancy::holes found{.bytes = limit - taken()};
        std::uint64_t run = 0;
        for (std::uint64_t at = 0; at <= limit; ++at) {
            if (at < limit && owner_[at] == 0) {
                ++run;
                continue;
            }
            if (run != 0) ++found.count;
            found.largest = std::max(found.largest, run);
            run = 0;
        }
        return found;
    }

private:
    /// Of the byte before the one where a block begins: an earlier block reaches over it.
    [[nodiscard]] unsigned owner_of(std::uint64_t begin) const {
        return begin == 0 ? 0 : owner_[begin - 1];
    }
    void drop(unsigned owner) { cut(owner, 0); }
    void cut(unsigned owner, std::uint64_t from) {
        for (std::uint64_t at = from; at < limit; ++at)
            if (owner_[at] == owner) {
                owner_[at] = 0;
                sure_[at] = false;
            }
    }

    std::array<unsigned, limit> owner_{};
    std::array<bool, limit> sure_{};
    unsigned last_ = 0;
};

TEST(Occupancy, AgreesWithAByteForEveryByte) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        occupancy all(limit);
        model expected;
        for (int step = 0; step < 300; ++step) {
            const std::uint64_t begin = random() % (limit + 2);
            if (random() % 3 != 0) {
                const std::uint64_t size = 1 + random() % 20;
                const std::uint64_t beside = random() % 9;
                const bool is_there =
                    all.take(begin, {.end = begin + size + beside, .beside = beside}) !=
                    all.live().end();
                ASSERT_EQ(is_there, begin < limit);
                expected.take(begin, size, beside);
            } else if (const auto at = all.live().lower_bound(begin); at != all.live().end()) {
                expected.give_back(at->first);
                all.give_back(at);
            }
            const occupancy::holes found = all.holes_in(0, limit);
            const occupancy::holes wanted = expected.holes();
            ASSERT_EQ(all.taken(), expected.taken()) << step;
            ASSERT_EQ(all.taken() - all.beside(), expected.sure()) << step;
            ASSERT_EQ(found.bytes, wanted.bytes) << step;
            ASSERT_EQ(found.largest, wanted.largest) << step;
            ASSERT_EQ(found.count, wanted.count) << step;
        }
    }
}

TEST(Occupancy, ARestThatIsTooShortBelongsToTheBlockBeforeIt) {
    occupancy all(100, 16);
    all.take(40, {.end = 60});
    all.take(0, {.end = 30}); // 10 bytes in front of the next one
    EXPECT_EQ(all.live().at(0).end, 40U);
    all.take(60, {.end = 90}); // 10 bytes in front of the limit
    EXPECT_EQ(all.live().at(60).end, 100U);
    EXPECT_EQ(all.holes_in(0, 100).count, 0U);
}

} // namespace
} // namespace drone::usage
