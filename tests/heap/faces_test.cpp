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

struct options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{};
};
using heap_type = drone::declared_heap<options>;
constinit heap_type face_heap;

class Faces : public testing::Test {
protected:
    void SetUp() override {
        new (&face_heap) heap_type;
        face_heap.initialize();
        errno = 0;
    }
    void TearDown() override { EXPECT_TRUE(face_heap.invariants_hold()); }

    static std::uintptr_t address(void* block) { return reinterpret_cast<std::uintptr_t>(block); }

    static constexpr drone::heap_faces<heap_type> faces{face_heap};
};

TEST_F(Faces, TheCFamilyGivesMultiplesOf8WhateverTheSize) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 5U, 8U, 11U, 12U, 13U, 24U}) {
        void* const one = faces.malloc(size);
        void* const cleared = faces.calloc(1, size);
        void* const none = faces.realloc(nullptr, size);
        void* const aligned = faces.aligned_alloc(4, size);
        void* posix = nullptr;
        ASSERT_EQ(faces.posix_memalign(&posix, sizeof(void*), size), 0);
        for (void* block : {one, cleared, none, aligned, posix}) {
            EXPECT_EQ(address(block) % 8, 0U) << size;
            faces.deallocate(block);
        }
    }
    EXPECT_EQ(face_heap.block_size(faces.malloc(4)), 8U) << "no block of 4 is at a multiple of 8";
}

TEST_F(Faces, NewAlignsForObjectsOfThatSize) {
    EXPECT_EQ(face_heap.block_size(faces.new_object(4)), 4U);
    EXPECT_EQ(face_heap.block_size(faces.new_object(12)), 12U);
    EXPECT_EQ(face_heap.block_size(faces.new_array(4)), 4U);
    EXPECT_EQ(face_heap.block_size(faces.new_array(12)), 16U) << "a double may be put there";
    EXPECT_EQ(face_heap.block_size(faces.try_new_object(12)), 12U);
    EXPECT_EQ(face_heap.block_size(faces.try_new_array(12)), 16U);
}

TEST_F(Faces, AnyBlockIsUsableToItsEnd) {
    EXPECT_EQ(faces.malloc_usable_size(nullptr), 0U);
    EXPECT_EQ(faces.malloc_usable_size(faces.malloc(20)), 24U);
    EXPECT_EQ(faces.malloc_usable_size(faces.new_object(3)), 4U);
}

TEST_F(Faces, ReallocOfAnArrayRefusesAProductThatWraps) {
    void* const block = faces.reallocarray(nullptr, 5, 4);
    EXPECT_EQ(face_heap.block_size(block), 24U);
    EXPECT_EQ(faces.reallocarray(block, SIZE_MAX / 2 + 2, 2), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(face_heap.count_free(4), 3) << "untouched";
    EXPECT_EQ(face_heap.block_size(faces.reallocarray(block, 50, 4)), 256U);
}

TEST_F(Faces, ReallocfGivesBackWhatItCannotResize) {
    void* const block = faces.reallocf(nullptr, 20);
    EXPECT_EQ(faces.reallocf(block, 5000), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(face_heap.count_free(4), 4);
    EXPECT_EQ(faces.reallocf(faces.malloc(20), 0), nullptr);
    EXPECT_EQ(face_heap.count_free(4), 4) << "given back once";
}

TEST_F(Faces, PagesNeedAHeapOfThatAlignment) {
    EXPECT_EQ(faces.valloc(4), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(faces.pvalloc(SIZE_MAX), nullptr);
    static constexpr auto page = drone::make_layout(8192, {{4096, 2}}, 4096);
    static drone::heap<page, drone::host::threads> paged;
    paged.initialize();
    const drone::heap_faces of_pages(paged);
    EXPECT_EQ(address(of_pages.valloc(4)) % 4096, 0U);
    EXPECT_EQ(of_pages.pvalloc(4097), nullptr) << "two pages";
    EXPECT_EQ(address(of_pages.pvalloc(1)) % 4096, 0U);
}

TEST_F(Faces, MallocOfZeroIsABlockOfItsOwn) {
    void* const a = faces.malloc(0);
    void* const b = faces.malloc(0);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(a, b);
}

TEST_F(Faces, AnExhaustedHeapSetsTheError) {
    EXPECT_EQ(faces.malloc(257), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

TEST_F(Faces, CallocClearsAndRefusesAProductThatWraps) {
    void* const dirty = faces.malloc(200);
    std::memset(dirty, 0xFF, 200);
    faces.deallocate(dirty);
    auto* const block = static_cast<unsigned char*>(faces.calloc(50, 4));
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(block[i], 0);
    EXPECT_EQ(faces.calloc(SIZE_MAX / 2 + 2, 2), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

TEST_F(Faces, ReallocKeepsContentAndTheOldBlockOnFailure) {
    void* block = faces.realloc(nullptr, 4);
    std::memcpy(block, "abcd", 4);
    block = faces.realloc(block, 20);
    ASSERT_EQ(std::memcmp(block, "abcd", 4), 0);
    EXPECT_EQ(faces.realloc(block, 5000), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(std::memcmp(block, "abcd", 4), 0);
    EXPECT_EQ(faces.realloc(block, 0), nullptr);
    EXPECT_EQ(face_heap.count_free(4), 4) << "given back";
}

TEST_F(Faces, FreeOfNullDoesNothing) { faces.deallocate(nullptr); }

TEST_F(Faces, AlignedAllocHonoursOrRefuses) {
    EXPECT_EQ(address(faces.aligned_alloc(16, 4)) % 16, 0U);
    EXPECT_EQ(faces.aligned_alloc(3, 4), nullptr);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(faces.aligned_alloc(4096, 4), nullptr);
    EXPECT_EQ(errno, ENOMEM);
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
    reserve = faces.malloc(256);
    void* const other = faces.malloc(256);
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
