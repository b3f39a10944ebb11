// SPDX-License-Identifier: MIT
// Exhaustive preemption: an interrupt before every instruction of every operation of the heap, one
// run each.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/preemption.hpp"
#include "paths.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <string>

namespace {

using namespace drone::board;

constexpr std::uint32_t behaviours = 7;

class Preemption : public testing::Test {
protected:
    void load(const std::string& name) {
        auto program = read_firmware(std::string(DRONE_FIRMWARE_DIR "/") + name + ".elf");
        ASSERT_TRUE(program) << program.error().message;
        program_ = *std::move(program);
        auto image = flash_image(program_);
        ASSERT_TRUE(image) << image.error().message;
        auto made = virtual_board::make({.probe = std::nullopt}, *std::move(image), listener_);
        ASSERT_TRUE(made) << made.error().message;
        board_ = *std::move(made);
        ASSERT_TRUE(board_->reset());
    }

    std::uint32_t address(const char* name) { return program_.find(name).value().address; }

    std::uint32_t word(const char* name) {
        return board_->processor().read_word(address(name)).value();
    }

    void set_word(std::uint32_t where, std::uint32_t value) {
        std::memcpy(board_->processor().ram(where, 4).data(), &value, 4);
    }

    bool run_to(const char* name) {
        run_limits limits;
        limits.cycles = board_->now() + 1'000'000;
        limits.address = address(name);
        return board_->run(limits).why == run_end::kind::address;
    }

    /// Preempts the call `name` everywhere with every behaviour; returns the runs that did damage.
    void preempt_once(const char* name) {
        ASSERT_TRUE(run_to(name));
        for (std::uint32_t outer = 0; outer < behaviours; ++outer) {
            set_word(address("behaviour"), outer);
            runs_ += preempt_everywhere(*board_, 0, [&](virtual_board&, const preempted_run& run) {
                return judge(name, outer, 0, run);
            });
        }
        ASSERT_TRUE(run_to("verified"));
    }

    void preempt_twice(const char* name, std::initializer_list<std::uint32_t> pairs) {
        ASSERT_TRUE(run_to(name));
        for (const std::uint32_t outer : pairs) {
            for (const std::uint32_t inner : pairs) {
                set_word(address("behaviour"), outer);
                set_word(address("behaviour") + 4, inner);
                runs_ += preempt_twice_everywhere(
                    *board_,
                    0,
                    1,
                    [&](virtual_board&, const preempted_run& run) {
                        return judge(name, outer, inner, run);
                    }
                );
            }
        }
        ASSERT_TRUE(run_to("verified"));
    }

    bool
    judge(const char* name, std::uint32_t outer, std::uint32_t inner, const preempted_run& run) {
        const bool returned = run.end.why == run_end::kind::address;
        const bool verified = returned && run_to("verified");
        const std::uint32_t damage = verified ? word("damage") : 0xFFFF'FFFF;
        if (damage == 0 && word("handled") != 0) return true;
        ++damaged_;
        if (damaged_ == 1) {
            first_ = std::string(name) + ", instruction " + std::to_string(run.outer) +
                     ", behaviour " + std::to_string(outer) + "/" + std::to_string(inner) +
                     ": damage " + std::to_string(damage) + " " + run.end.message;
        }
        return damaged_ < enough;
    }

    void preempt_every_operation() {
        for (const char* operation :
             {"subject_allocate",
              "subject_allocate",
              "subject_deallocate",
              "subject_resize",
              "subject_resize",
              "subject_resize",
              "subject_resize"})
            preempt_once(operation);
    }

    /// Damage that ends an experiment: a run after damage may take all the cycles that run_to() has.
    static constexpr std::uint64_t enough = 100;

    board_listener listener_;
    firmware program_;
    std::unique_ptr<virtual_board> board_;
    std::uint64_t runs_ = 0;
    std::uint64_t damaged_ = 0;
    std::string first_;
};

TEST_F(Preemption, AnInterruptBeforeAnyInstructionDoesNoDamage) {
    ASSERT_NO_FATAL_FAILURE(load("preemption_m4"));
    preempt_every_operation();
    EXPECT_GT(runs_, 500U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, NorOnACoreThatMasks) {
    ASSERT_NO_FATAL_FAILURE(load("preemption_m0"));
    preempt_every_operation();
    EXPECT_GT(runs_, 500U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, NorASecondInterruptBeforeAnyInstructionOfTheFirst) {
    ASSERT_NO_FATAL_FAILURE(load("preemption_m4"));
    preempt_twice("subject_allocate", {1, 5});
    preempt_twice("subject_deallocate", {1, 3});
    EXPECT_GT(runs_, 10'000U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, NorInTheOverflowRegion) {
    for (const char* firmware : {"preemption_region_m4", "preemption_region_m0"}) {
        ASSERT_NO_FATAL_FAILURE(load(firmware));
        preempt_every_operation();
    }
    EXPECT_GT(runs_, 2'000U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, NorASecondInterruptInTheOverflowRegion) {
    ASSERT_NO_FATAL_FAILURE(load("preemption_region_m4"));
    preempt_twice("subject_allocate", {1, 5});
    preempt_twice("subject_deallocate", {2});
    EXPECT_GT(runs_, 10'000U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, NorWhereUrgentInterruptsDoNotWaitForTheRegion) {
    for (const char* firmware : {"preemption_ceiling_60", "preemption_ceiling_a0"}) {
        ASSERT_NO_FATAL_FAILURE(load(firmware));
        preempt_every_operation();
    }
    ASSERT_NO_FATAL_FAILURE(load("preemption_ceiling_60"));
    preempt_twice("subject_allocate", {5});
    preempt_twice("subject_deallocate", {1});
    EXPECT_GT(runs_, 5'000U);
    EXPECT_EQ(damaged_, 0U) << first_;
    std::cout << runs_ << " runs\n";
}

TEST_F(Preemption, FindsTheAncestorsWindow) {
    ASSERT_NO_FATAL_FAILURE(load("preemption_ancestor"));
    preempt_every_operation();
    EXPECT_GT(damaged_, 0U);
    std::cout << damaged_ << " of " << runs_ << " runs, first: " << first_ << '\n';
}

} // namespace
