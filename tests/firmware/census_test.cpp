// SPDX-License-Identifier: MIT
#include "census.hpp"

#include <drone/heap.hpp>

#include <gtest/gtest.h>

#include <host/exclusive.hpp>
#include <string>

namespace {

constexpr auto layout = drone::make_layout(256, {{8, 2}, {32, 4}});

std::string text;

class a_counted_heap : public testing::Test {
protected:
    a_counted_heap() {
        heap_.initialize();
        text.clear();
    }
    const std::string& printed() {
        heap_.numbers().print([](std::string_view more) { text += more; });
        return text;
    }

    census<drone::heap<layout, drone::host::threads>, layout.size> heap_;
};

TEST_F(a_counted_heap, tells_for_each_size_how_many_lived_at_once_and_how_many_there_were) {
    void* const first = heap_.allocate(20);
    void* const second = heap_.allocate(20);
    heap_.deallocate(first);
    heap_.deallocate(heap_.allocate(20));
    heap_.deallocate(heap_.allocate(7));
    heap_.deallocate(second);
    EXPECT_EQ(
        printed(),
        "\n Block Size | Max Load | Total Allocations\n"
        "------------+----------+-------------------\n"
        "          7 |        1 |                 1\n"
        "         20 |        2 |                 3\n"
        "\nMaximum memory usage: 47\n"
        "Peak live memory: 40\n"
        "Allocations: 4\n"
        "Deallocations: 4\n"
        "Failed allocations: 0\n"
        "Calls that preempted another: 0\n"
    );
}

TEST_F(a_counted_heap, counts_a_resize_as_the_end_of_one_block_and_the_begin_of_another) {
    void* const block = heap_.allocate(20);
    EXPECT_EQ(heap_.place_resized(block, 20, 30, 4), block);
    heap_.deallocate(block);
    EXPECT_NE(
        printed().find("         20 |        1 |                 1\n"
                       "         30 |        1 |                 1\n"
                       "\nMaximum memory usage: 50\n"
                       "Peak live memory: 30\n"
                       "Allocations: 2\n"
                       "Deallocations: 2\n"),
        std::string::npos
    ) << text;
}

TEST_F(a_counted_heap, counts_requests_that_no_pool_could_serve) {
    EXPECT_EQ(heap_.allocate(33), nullptr);
    EXPECT_NE(printed().find("Failed allocations: 1\n"), std::string::npos) << text;
}

} // namespace
