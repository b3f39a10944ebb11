// SPDX-License-Identifier: MIT
#include <drone/allocator.hpp>
#include <drone/declare.hpp>
#include <drone/memory_resource.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <host/exclusive.hpp>
#include <list>
#include <memory_resource>
#include <string>
#include <vector>

void drone::heap_exhausted(std::size_t) { std::_Exit(4); }

namespace {

constexpr auto pools =
    drone::make_layout(1024, {{4, 4}, {8, 4}, {12, 4}, {16, 4}, {24, 4}, {256, 2}}, 16);

struct options : drone::heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
};
using heap_type = drone::declared_heap<options>;
constinit heap_type face_heap;

class Faces : public testing::Test {
protected:
    void SetUp() override {
        new (&face_heap) heap_type;
        face_heap.initialize();
        error_ = 0;
    }
    void TearDown() override { EXPECT_TRUE(face_heap.invariants_hold()); }

    static std::uintptr_t address(void* block) { return reinterpret_cast<std::uintptr_t>(block); }

    static constexpr drone::heap_faces<heap_type> faces{face_heap};
    int error_ = 0;
};

TEST_F(Faces, MallocAlignsForAnyObjectThatFits) {
    EXPECT_EQ(face_heap.block_size(faces.malloc(4, error_)), 4U);
    EXPECT_EQ(face_heap.block_size(faces.malloc(8, error_)), 8U);
    EXPECT_EQ(face_heap.block_size(faces.malloc(12, error_)), 16U) << "a double may be put there";
}

TEST_F(Faces, ReallocAlignsWhatItMakesLarger) {
    void* const small = faces.malloc(4, error_);
    void* fours[3] = {};
    for (void*& block : fours)
        block = faces.malloc(4, error_);
    void* const odd = faces.malloc(3, error_); // the pool of 4 is exhausted: a block of 8 or 12
    for (void* block : {small, fours[0], fours[1], fours[2], odd}) {
        void* const larger = faces.realloc(block, 12, error_);
        ASSERT_NE(larger, nullptr);
        EXPECT_EQ(address(larger) % 8, 0U);
        faces.deallocate(larger);
    }
}

TEST_F(Faces, NewAlignsForObjectsOfThatSize) {
    EXPECT_EQ(faces.alignment_of_object(12), 4U);
    EXPECT_EQ(faces.alignment_of_object(16), 8U);
    EXPECT_EQ(faces.alignment_of_any(12), 8U);
}

TEST_F(Faces, MallocOfZeroIsABlockOfItsOwn) {
    void* const a = faces.malloc(0, error_);
    void* const b = faces.malloc(0, error_);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(a, b);
}

TEST_F(Faces, AnExhaustedHeapSetsTheError) {
    EXPECT_EQ(faces.malloc(257, error_), nullptr);
    EXPECT_EQ(error_, ENOMEM);
}

TEST_F(Faces, CallocClearsAndRefusesAProductThatWraps) {
    void* const dirty = faces.malloc(200, error_);
    std::memset(dirty, 0xFF, 200);
    faces.deallocate(dirty);
    auto* const block = static_cast<unsigned char*>(faces.calloc(50, 4, error_));
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(block[i], 0);
    EXPECT_EQ(faces.calloc(SIZE_MAX / 2 + 2, 2, error_), nullptr);
    EXPECT_EQ(error_, ENOMEM);
}

TEST_F(Faces, ReallocKeepsContentAndTheOldBlockOnFailure) {
    void* block = faces.realloc(nullptr, 4, error_);
    std::memcpy(block, "abcd", 4);
    block = faces.realloc(block, 20, error_);
    ASSERT_EQ(std::memcmp(block, "abcd", 4), 0);
    EXPECT_EQ(faces.realloc(block, 5000, error_), nullptr);
    EXPECT_EQ(error_, ENOMEM);
    EXPECT_EQ(std::memcmp(block, "abcd", 4), 0);
    EXPECT_EQ(faces.realloc(block, 0, error_), nullptr);
    EXPECT_EQ(face_heap.count_free(4), 4) << "given back";
}

TEST_F(Faces, FreeOfNullDoesNothing) { faces.deallocate(nullptr); }

TEST_F(Faces, AlignedAllocHonoursOrRefuses) {
    EXPECT_EQ(address(faces.aligned_alloc(16, 4, error_)) % 16, 0U);
    EXPECT_EQ(faces.aligned_alloc(3, 4, error_), nullptr);
    EXPECT_EQ(error_, EINVAL);
    EXPECT_EQ(faces.aligned_alloc(4096, 4, error_), nullptr);
    EXPECT_EQ(error_, ENOMEM);
}

TEST_F(Faces, PosixMemalignAnswersByItsResult) {
    void* block = nullptr;
    EXPECT_EQ(faces.posix_memalign(&block, 16, 20), 0);
    EXPECT_EQ(address(block) % 16, 0U);
    EXPECT_EQ(faces.posix_memalign(&block, 2, 20), EINVAL);
    EXPECT_EQ(faces.posix_memalign(&block, 24, 20), EINVAL);
    EXPECT_EQ(faces.posix_memalign(&block, 16, 2000), ENOMEM);
}

void* reserve = nullptr;

TEST_F(Faces, NewCallsTheHandlerUntilThereIsMemory) {
    reserve = faces.malloc(256, error_);
    void* const other = faces.malloc(256, error_);
    std::set_new_handler([] {
        faces.deallocate(reserve);
        std::set_new_handler(nullptr);
    });
    EXPECT_EQ(faces.new_or_exhausted(256, 8), reserve);
    faces.deallocate(other);
}

TEST_F(Faces, NewWithoutAHandlerEndsInHeapExhausted) {
    EXPECT_EXIT((void)faces.new_or_exhausted(257, 8), testing::ExitedWithCode(4), "");
}

TEST_F(Faces, ContainersLiveOnTheStandardAllocator) {
    {
        const std::list<int, drone::allocator<int, face_heap>> numbers{1, 2, 3};
        EXPECT_EQ(face_heap.count_free(4), 1) << "three nodes of 24 bytes";
        const std::vector<char, drone::allocator<char, face_heap>> text(100, 'x');
        EXPECT_EQ(face_heap.count_free(5), 1);
    }
    EXPECT_EQ(face_heap.count_free(4), 4);
    EXPECT_EQ(face_heap.count_free(5), 2);
}

TEST_F(Faces, ContainersLiveOnTheMemoryResource) {
    drone::memory_resource resource(face_heap);
    {
        const std::pmr::string text(
            "longer than what a string keeps in itself, so it takes a block", &resource
        );
        EXPECT_EQ(face_heap.count_free(5), 1) << text;
    }
    EXPECT_EQ(face_heap.count_free(5), 2);
}

} // namespace
