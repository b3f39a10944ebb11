// SPDX-License-Identifier: MIT

// What a program can do wrong with a heap, at every level of checking, each in a process of its
// own: found and named, or at least without harm to anybody else where that is promised.

#include <drone/declare.hpp>
#include <drone/faces.hpp>
#include <drone/memory_resource.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <host/exclusive.hpp>
#include <memory_resource>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using drone::check_level;

constexpr auto pools = drone::make_layout(4096, {{8, 8}, {16, 8}, {24, 8}, {64, 8}, {256, 4}}, 64);

template <check_level Level, bool Statistics>
struct options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{.checking = Level, .statistics = Statistics};
};
/// Fewer pools, and a region after them.
constexpr auto pools_and_region =
    drone::make_layout(8192, {{8, 2}, {24, 2}, {64, 2}}, 64, drone::overflow::region);
template <check_level Level>
struct region_options : options<Level, false> {
    static constexpr const auto& layout = pools_and_region;
};
template <check_level Level>
struct region_kind {
    using heap = drone::declared_heap<region_options<Level>>;
};
/// What the tests are instantiated for.
template <check_level Level, bool Statistics = false>
struct kind {
    static constexpr check_level level = Level;
    static constexpr bool statistics = Statistics;
    using heap = drone::declared_heap<options<Level, Statistics>>;
};

using bytes = unsigned char*;

/// Ends the process with what `act` found; 0: nothing. heap_misused() and heap_exhausted() are
/// defined for all tests of this program (checked_test.cpp, faces_test.cpp) and end it with 3
/// and 4.
template <class Act>
void expect(int status, const char* message, Act act) {
    EXPECT_EXIT(
        {
            alarm(20);
            act();
            std::_Exit(0);
        },
        testing::ExitedWithCode(status),
        message
    );
}
template <class Act>
void expect_harmless(Act act) {
    expect(0, "", act);
}

/// Exit status of a check that failed.
[[noreturn]] void fail(int line) {
    std::fprintf(stderr, "line %d\n", line);
    std::_Exit(9);
}
#define CHECK(condition)                                                                           \
    if (!(condition)) fail(__LINE__)

template <class Kind>
class MisuseDeathTest : public testing::Test {
protected:
    // Static: as a firmware has it, with other data around.
    using heap_type = typename Kind::heap;
    static heap_type& fresh() {
        alignas(heap_type) static unsigned char memory[sizeof(heap_type)];
        auto* const heap = new (memory) heap_type;
        heap->initialize();
        return *heap;
    }
};
/// What is found at level full only.
template <class Kind>
using FullMisuseDeathTest = MisuseDeathTest<Kind>;
/// What is found at any level but none.
template <class Kind>
using CheckedMisuseDeathTest = MisuseDeathTest<Kind>;
/// What is found in a region at any level but none.
template <class Kind>
using RegionMisuseDeathTest = MisuseDeathTest<Kind>;
/// What needs a heap without a lock.
template <class Kind>
using LockFreeMisuseDeathTest = MisuseDeathTest<Kind>;

using none = kind<check_level::none>;
using none_counted = kind<check_level::none, true>;
using cheap = kind<check_level::cheap>;
using cheap_counted = kind<check_level::cheap, true>;
using full = kind<check_level::full>;
using full_counted = kind<check_level::full, true>;

using all = testing::Types<none, none_counted, cheap, cheap_counted, full, full_counted>;
TYPED_TEST_SUITE(MisuseDeathTest, all);
using cheap_region = region_kind<check_level::cheap>;
using full_region = region_kind<check_level::full>;
using checked = testing::Types<cheap, cheap_counted, full, full_counted, cheap_region, full_region>;
TYPED_TEST_SUITE(CheckedMisuseDeathTest, checked);
using fully_checked = testing::Types<full, full_counted>;
TYPED_TEST_SUITE(FullMisuseDeathTest, fully_checked);
using checked_region = testing::Types<cheap_region, full_region>;
TYPED_TEST_SUITE(RegionMisuseDeathTest, checked_region);
using lock_free = testing::Types<none, cheap, full>; // counting takes the lock of the process
TYPED_TEST_SUITE(LockFreeMisuseDeathTest, lock_free);

// What is given back.

TYPED_TEST(CheckedMisuseDeathTest, WhatIsNoBlockIsGivenBack) {
    auto& heap = this->fresh();
    static int elsewhere[100];
    int local = 0;
    const auto block = static_cast<bytes>(heap.allocate(60));
    for (void* wrong :
         {static_cast<void*>(elsewhere),
          static_cast<void*>(&local),
          static_cast<void*>(nullptr),
          static_cast<void*>(block + 8),
          static_cast<void*>(reinterpret_cast<bytes>(&heap) + sizeof heap)}) {
        expect(3, "not a block", [&] { heap.deallocate(wrong); });
        if (wrong == nullptr) continue; // for which the faces have an answer
        expect(3, "not a block", [&] { (void)drone::heap_faces(heap).malloc_usable_size(wrong); });
        expect(3, "not a block", [&] { (void)drone::heap_faces(heap).realloc(wrong, 100); });
    }
}

TYPED_TEST(RegionMisuseDeathTest, ABlockIsGivenBackTwiceOrFromItsInside) {
    auto& heap = this->fresh();
    for (const std::size_t size : {100U, 400U, 460U, 2000U}) {
        void* const in_front = heap.allocate(size);
        void* const block = heap.allocate(size);
        void* const beyond = heap.allocate(size);
        CHECK(in_front != nullptr && beyond != nullptr && heap.in_region(block));
        expect(3, "double free|not a block", [&] {
            heap.deallocate(block);
            heap.deallocate(block);
        });
        expect(3, "double free|not a block", [&] { // merged with both neighbours
            heap.deallocate(in_front);
            heap.deallocate(beyond);
            heap.deallocate(block);
            heap.deallocate(block);
        });
        for (const std::size_t at : {std::size_t{1}, std::size_t{8}, size / 16 * 8, size - 1})
            expect(3, "not a block", [&] { heap.deallocate(static_cast<bytes>(block) + at); });
        for (void* const each : {in_front, block, beyond})
            heap.deallocate(each);
    }
}

TYPED_TEST(FullMisuseDeathTest, ABlockIsGivenBackTwice) {
    auto& heap = this->fresh();
    for (const std::size_t size : {1U, 10U, 60U, 250U}) {
        expect(3, "double free", [&] {
            void* const block = heap.allocate(size);
            heap.deallocate(block);
            heap.deallocate(block);
        });
        expect(3, "double free", [&] {
            void* const block = heap.allocate(size);
            void* const other = heap.allocate(size);
            heap.deallocate(block);
            heap.deallocate(other);
            heap.deallocate(block);
        });
        expect(3, "double free", [&] {
            void* const block = heap.allocate(size);
            heap.deallocate(block);
            (void)drone::heap_faces(heap).realloc(block, 200);
        });
    }
    // Somebody else has it by now: the second deallocation is theirs, and theirs is found.
    expect(3, "double free", [&] {
        void* const block = heap.allocate(10);
        heap.deallocate(block);
        void* const next = heap.allocate(10);
        heap.deallocate(block);
        heap.deallocate(next);
    });
}

// What is written.

TYPED_TEST(FullMisuseDeathTest, ABlockInUseIsOverrun) {
    auto& heap = this->fresh();
    expect(3, "overrun", [&] {
        const auto block = static_cast<bytes>(heap.allocate(10));
        block[10] = 1;
        heap.deallocate(block);
    });
    expect(3, "overrun", [&] {
        const auto block = static_cast<bytes>(heap.allocate(12));
        const auto next = static_cast<bytes>(heap.allocate(12));
        std::memset(std::min(block, next), 0x41, 28);
        heap.deallocate(block);
        heap.deallocate(next);
    });
    expect(3, "overrun", [&] { // from above
        const auto block = static_cast<bytes>(heap.allocate(12));
        const auto next = static_cast<bytes>(heap.allocate(12));
        std::memset(std::max(block, next) - 4, 0, 4);
        heap.deallocate(std::min(block, next));
    });
}

TYPED_TEST(FullMisuseDeathTest, AFreeBlockIsWritten) {
    auto& heap = this->fresh();
    for (const std::size_t size : {4U, 20U, 250U}) {
        for (const std::uint32_t word : {0U, 1U, 8U, 0x4141'4141U, 0xFFFF'FFFFU}) {
            for (const std::size_t at : {std::size_t{0}, size / 8 * 4, size - 4}) {
                expect(3, "write after free", [&] {
                    const auto block = static_cast<bytes>(heap.allocate(size));
                    heap.deallocate(block);
                    std::memcpy(block + at, &word, sizeof word);
                    const auto again = static_cast<bytes>(heap.allocate(size));
                    CHECK(again != block);
                });
            }
        }
    }
}

TYPED_TEST(FullMisuseDeathTest, AWriteToAFreeBlockNeverReachesItsNeighbours) {
    // Found when the block is taken, and not before: everything below it on the list is whole.
    expect_harmless([&] {
        auto& heap = this->fresh();
        void* blocks[8];
        for (void*& block : blocks)
            block = heap.allocate(20);
        for (void* block : blocks)
            heap.deallocate(block);
        std::memset(blocks[3], 0x41, 20);
        CHECK(heap.invariants_hold());
        for (int i = 7; i > 3; --i)
            CHECK(heap.allocate(20) == blocks[i]);
    });
}

TYPED_TEST(MisuseDeathTest, AWriteToAFreeBlockThatIsNeverTakenIsHarmless) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        const auto block = static_cast<bytes>(heap.allocate(20));
        heap.deallocate(block);
        block[9] = 1;
    });
}

// What is asked.

TYPED_TEST(MisuseDeathTest, SizesAndAlignmentsThatCannotBeAreRefused) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        constexpr std::size_t beyond = std::size_t{1} << 32U;
        for (const std::size_t size :
             {SIZE_MAX,
              SIZE_MAX - 1,
              SIZE_MAX - 3,
              SIZE_MAX - 4,
              SIZE_MAX - 7,
              SIZE_MAX / 2,
              beyond,
              beyond + 8,
              std::size_t{UINT32_MAX}}) {
            for (const std::size_t alignment :
                 {std::size_t{1},
                  std::size_t{4},
                  std::size_t{8},
                  std::size_t{64},
                  std::size_t{4096},
                  std::size_t{1} << 31U,
                  beyond,
                  std::size_t{1} << 63U})
                CHECK(heap.allocate(size, alignment) == nullptr);
        }
        for (const std::size_t alignment :
             {std::size_t{128}, std::size_t{4096}, beyond, beyond + 4, std::size_t{1} << 63U})
            CHECK(heap.allocate(8, alignment) == nullptr);
        void* const block = heap.allocate(8);
        for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 2, beyond})
            CHECK(drone::resize(heap, block, 8, size) == nullptr);
    });
}

TYPED_TEST(MisuseDeathTest, AlignmentIsHonoured) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        for (std::size_t alignment = 1; alignment <= 64; alignment *= 2) {
            for (const std::size_t size : {1U, 5U, 8U, 16U, 20U, 40U, 60U, 200U}) {
                void* const block = heap.allocate(size, alignment);
                if (block == nullptr) continue;
                CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
                heap.deallocate(block);
            }
        }
    });
}

TYPED_TEST(MisuseDeathTest, BlocksOfNoBytesAreDistinct) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        void* const one = heap.allocate(0);
        void* const other = heap.allocate(0);
        CHECK(one != nullptr && other != nullptr && one != other);
        heap.deallocate(one);
        heap.deallocate(other);
    });
}

TYPED_TEST(MisuseDeathTest, TheFacesRefuseWhatCannotBe) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        const drone::heap_faces faces(heap);
        const auto refused_with = [](void* block, int error) {
            return block == nullptr && std::exchange(errno, 0) == error;
        };
        CHECK(refused_with(faces.calloc(SIZE_MAX / 2, 3), ENOMEM));
        CHECK(refused_with(faces.calloc(SIZE_MAX, SIZE_MAX), ENOMEM));
        CHECK(refused_with(faces.reallocarray(nullptr, SIZE_MAX / 2, 3), ENOMEM));
        CHECK(refused_with(faces.aligned_alloc(3, 8), EINVAL));
        CHECK(refused_with(faces.aligned_alloc(0, 8), EINVAL));
        CHECK(faces.malloc(0) != nullptr);
        void* block = faces.realloc(nullptr, 10);
        std::memset(block, 7, 10);
        block = faces.realloc(block, 200);
        CHECK(std::memcmp(block, "\7\7\7\7\7\7\7\7\7\7", 10) == 0);
        CHECK(refused_with(faces.realloc(block, 5000), ENOMEM));
        CHECK(refused_with(faces.realloc(block, SIZE_MAX), ENOMEM));
        block = faces.realloc(block, 3);
        CHECK(faces.realloc(block, 0) == nullptr);
        void* aligned = nullptr;
        CHECK(faces.posix_memalign(&aligned, 64, 10) == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(aligned) % 64 == 0);
        CHECK(faces.posix_memalign(&aligned, 4, 10) == EINVAL);
        CHECK(faces.posix_memalign(&aligned, 8192, 10) == ENOMEM);
        const auto cleared = static_cast<bytes>(faces.calloc(1, 20));
        for (int i = 0; i < 20; ++i)
            CHECK(cleared[i] == 0);
        // All that malloc_usable_size() promises may be written.
        void* const whole = faces.malloc(10);
        std::memset(whole, 0x55, faces.malloc_usable_size(whole));
        faces.deallocate(whole);
        faces.deallocate(nullptr);
    });
}

TYPED_TEST(MisuseDeathTest, AnExhaustedHeapIsNamed) {
    auto& heap = this->fresh();
    expect(4, "", [&] {
        drone::memory_resource resource(heap);
        std::pmr::vector<std::pmr::vector<char>> rows(&resource);
        for (int i = 0; i < 100; ++i)
            rows.emplace_back(200, 'x');
    });
}

TYPED_TEST(MisuseDeathTest, ARequestBeforeInitialisationIsNamed) {
    static typename TypeParam::heap heap;
    for (const std::size_t alignment : {4U, 8U, 64U})
        expect(3, "not initialized", [&] { (void)heap.allocate(8, alignment); });
    expect(3, "not initialized", [&] { (void)heap.allocate(10'000, 8); });
    expect(3, "not initialized", [&] { (void)drone::heap_faces(heap).malloc(4); });
}

// Who asks.

TYPED_TEST(MisuseDeathTest, ThreadsKeepTheirBlocksApart) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        std::atomic<long> wrong{0};
        std::vector<std::thread> threads;
        for (unsigned k = 0; k < 8; ++k) {
            threads.emplace_back([&, k] {
                unsigned luck = k;
                bytes held[6] = {};
                std::size_t size[6] = {};
                for (int i = 0; i < 20'000; ++i) {
                    luck = luck * 1664525 + 1013904223;
                    const unsigned j = (luck >> 16U) % 6;
                    if (held[j] == nullptr) {
                        size[j] = (luck >> 8U) % 60;
                        held[j] = static_cast<bytes>(heap.allocate(size[j], 8));
                        if (held[j] != nullptr)
                            std::memset(held[j], static_cast<int>(k * 16 + j), size[j]);
                        continue;
                    }
                    for (std::size_t x = 0; x < size[j]; ++x)
                        wrong += held[j][x] != static_cast<unsigned char>(k * 16 + j);
                    heap.deallocate(std::exchange(held[j], nullptr));
                }
                for (void* block : held) {
                    if (block != nullptr) heap.deallocate(block);
                }
            });
        }
        for (std::thread& each : threads)
            each.join();
        CHECK(wrong == 0);
        CHECK(heap.invariants_hold());
    });
}

TYPED_TEST(MisuseDeathTest, AForkedProcessHasAHeapOfItsOwn) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        void* const block = heap.allocate(8);
        const pid_t child = fork();
        heap.deallocate(block);
        CHECK(heap.allocate(8) == block);
        if (child == 0) std::_Exit(0);
        int status = 1;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    });
}

/// The heap of the signal handler.
template <class Heap>
Heap* signalled = nullptr;

TYPED_TEST(LockFreeMisuseDeathTest, SignalHandlersMayUseIt) {
    expect_harmless([&] {
        auto& heap = this->fresh();
        signalled<typename TypeParam::heap> = &heap;
        static std::atomic<int> signals{0};
        struct sigaction action{};
        action.sa_handler = [](int) {
            ++signals;
            void* const one = signalled<typename TypeParam::heap>->allocate(20);
            void* const other = signalled<typename TypeParam::heap>->allocate(8);
            if (other != nullptr) signalled<typename TypeParam::heap>->deallocate(other);
            if (one != nullptr) signalled<typename TypeParam::heap>->deallocate(one);
        };
        sigaction(SIGVTALRM, &action, nullptr);
        itimerval every{{0, 50}, {0, 50}};
        setitimer(ITIMER_VIRTUAL, &every, nullptr);
        for (std::size_t i = 0; signals < 20; ++i) {
            void* const one = heap.allocate(i % 60);
            void* const other = heap.allocate(20);
            if (one != nullptr) heap.deallocate(one);
            if (other != nullptr) heap.deallocate(other);
        }
        every = {};
        setitimer(ITIMER_VIRTUAL, &every, nullptr);
        CHECK(heap.invariants_hold());
    });
}

} // namespace
