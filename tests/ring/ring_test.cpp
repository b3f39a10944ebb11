// SPDX-License-Identifier: MIT
// A heap traced into a RAM ring on the virtual board, its memory dumped at many moments, each dump
// read and compared with what the firmware kept beside the ring.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/memory_map.hpp"
#include "paths.hpp"
#include "trace/formats/native/native.hpp"
#include "trace/formats/native/ring_dump.hpp"
#include "trace/formats/native/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace drone::board;
namespace trace = drone::trace;

/// What is live at the end of a trace: size by block.
class live_at_end final : public trace::sink {
public:
    void on_changes(std::span<const trace::change> /*changes*/) override {}
    void on_live(const trace::change& taken, bool certain) override {
        blocks[std::to_underlying(taken.block)] = taken.size;
        certain_blocks += certain ? 1 : 0;
    }

    std::map<std::uint32_t, std::uint32_t> blocks;
    std::size_t certain_blocks = 0;
};

struct reading {
    live_at_end live;
    trace::findings found;

    explicit reading(std::span<const std::byte> words) {
        const auto first = trace::find_announcement(words);
        EXPECT_TRUE(first);
        if (first) found = trace::read_native(words, *first, live);
    }
};

class Ring : public testing::Test {
protected:
    void power_on(const std::string& name) {
        auto program = read_firmware(std::string(DRONE_FIRMWARE_DIR "/") + name + ".elf");
        ASSERT_TRUE(program) << program.error().message;
        program_ = *std::move(program);
        auto image = flash_image(program_);
        ASSERT_TRUE(image) << image.error().message;
        auto made = virtual_board::make({.probe = std::nullopt}, *std::move(image), listener_);
        ASSERT_TRUE(made) << made.error().message;
        board_ = *std::move(made);
        // Real RAM holds anything when its power comes on.
        std::mt19937 random(1);
        for (std::uint8_t& byte : board_->processor().ram(ram_origin, ram_size))
            byte = static_cast<std::uint8_t>(random());
        ASSERT_TRUE(board_->reset());
    }

    run_end run_for(std::uint64_t cycles) {
        return board_->run({.cycles = board_->now() + cycles, .address = address("finished")});
    }

    [[nodiscard]] std::uint32_t address(const std::string& name) const {
        return program_.find(name).value().address;
    }

    [[nodiscard]] std::span<const std::byte> ram() {
        return std::as_bytes(board_->processor().memory(ram_origin, ram_size));
    }

    /// Bytes of every word that was ever written.
    [[nodiscard]] std::span<const std::byte> log() {
        const std::uint32_t words = board_->processor().read_word(address("log_size")).value_or(0);
        return ram().subspan(address("log_words") - ram_origin, words * trace::word_bytes);
    }

    /// The words of the ring in a dump of this moment; none when no announcement is complete.
    [[nodiscard]] std::vector<std::byte> ring_words() {
        auto ring = trace::read_ring(ram());
        if (!ring) return {};
        return ring->value_or(trace::ring_trace{}).words;
    }

    /// Reads a dump of this moment. False: no announcement was complete yet.
    bool dump_agrees() {
        const std::vector<std::byte> kept = ring_words();
        if (kept.empty()) return false;
        std::span<const std::byte> all = log();
        // The log has a word before the ring has.
        if (!std::ranges::equal(kept, all.last(kept.size()))) all = all.first(all.size() - 4);
        EXPECT_TRUE(std::ranges::equal(kept, all.last(kept.size())));

        const reading part(kept);
        EXPECT_EQ(part.found.damaged, 0U);
        EXPECT_EQ(part.found.lost_events, 0U);
        EXPECT_EQ(part.found.repeated, 0U);
        EXPECT_EQ(part.found.double_frees, 0U);
        EXPECT_EQ(part.found.suspected_double_frees, 0U);
        const reading whole(all);
        EXPECT_EQ(whole.found.freed_unknown, 0U);
        for (const auto& [block, size] : part.live.blocks) {
            const auto real = whole.live.blocks.find(block);
            EXPECT_TRUE(real != whole.live.blocks.end() && real->second == size) << block;
        }
        leaks_ += part.live.blocks.size();
        certain_leaks_ += part.live.certain_blocks;
        unknown_ += part.found.freed_unknown;
        return true;
    }

    board_listener listener_;
    firmware program_;
    std::unique_ptr<virtual_board> board_;
    std::uint64_t leaks_ = 0;
    std::uint64_t certain_leaks_ = 0;
    std::uint64_t unknown_ = 0;
};

/// 32 words, which is the least for three pools, and 2,048.
class RingOfAnyLength : public Ring, public testing::WithParamInterface<const char*> {};

TEST_P(RingOfAnyLength, ADumpOfAnyMomentReadsAsTheTailOfAllWords) {
    ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
    int dumps = 0;
    while (run_for(1'999).why == run_end::kind::limit && !HasFailure()) {
        const bool read = dump_agrees();
        EXPECT_TRUE(read || dumps == 0);
        dumps += read ? 1 : 0;
    }
    EXPECT_GT(dumps, 300);
    EXPECT_LT(log().size(), 4 * 31 * 1024U); // it was long enough
    EXPECT_GT(unknown_, 0U);                 // the ring has turned round
    EXPECT_GT(leaks_, 0U);
    std::cout << dumps << " dumps, " << leaks_ << " live blocks told, " << certain_leaks_
              << " for certain\n";
}

TEST_P(RingOfAnyLength, NorDoesTheNextInstructionMatter) {
    ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
    for (const std::uint64_t start : {1'000U, 400'000U, 90'000U}) {
        ASSERT_EQ(run_for(start).why, run_end::kind::limit);
        for (int i = 0; i < 700 && !HasFailure(); ++i) {
            ASSERT_EQ(run_for(1).why, run_end::kind::limit);
            EXPECT_TRUE(dump_agrees() || start == 1'000);
        }
    }
    EXPECT_GT(leaks_, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Ring,
    RingOfAnyLength,
    testing::Values("ring_tiny", "ring_small"),
    [](const auto& one) { return std::string(one.param); }
);

TEST_F(Ring, OutlivesAResetAndBeginsANewTraceBehindTheOldOne) {
    ASSERT_NO_FATAL_FAILURE(power_on("ring_large"));
    ASSERT_EQ(run_for(300'000).why, run_end::kind::limit);
    const std::vector<std::byte> old = ring_words();
    ASSERT_TRUE(board_->reset());
    ASSERT_EQ(run_for(200'000).why, run_end::kind::limit);
    const std::vector<std::byte> all = ring_words();
    ASSERT_FALSE(old.empty());
    ASSERT_GT(all.size(), old.size());
    EXPECT_TRUE(std::equal(old.begin(), old.end(), all.begin()));
    const reading r(all);
    EXPECT_EQ(r.found.restarts, 1U);
    EXPECT_EQ(r.found.damaged + r.found.gaps + r.found.double_frees, 0U);
}

TEST_F(Ring, IsNotFoundBeforeTheFirstWordIsWritten) {
    ASSERT_NO_FATAL_FAILURE(power_on("ring_small"));
    const auto ring = trace::read_ring(ram());
    ASSERT_TRUE(ring);
    EXPECT_FALSE(*ring);
}

// -- As a user does it ----------------------------------------------------------------------------

class RingCommand : public Ring {
protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    int shell(const std::string& command) const {
        const std::string line = "cd '" + folder_.string() +
                                 "' && PATH=" DRONE_BINARY_DIR "/bin:$PATH && (" + command +
                                 ") >out 2>err";
        return std::system(line.c_str());
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream in(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// A word of the dump `ram`, by symbol.
    [[nodiscard]] std::uint32_t
    word(const std::string& dump, const char* symbol, std::size_t index) const {
        return trace::load_word(
                   reinterpret_cast<const std::byte*>(dump.data()) + address(symbol) - ram_origin +
                   4 * index
        )
            .bits;
    }

    std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) /
        ("drone-ring-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name())
        );
};

TEST_F(RingCommand, WhatDroneHeapSaysOfADumpIsWhatTheFirmwareCounted) {
    const std::string elf = DRONE_FIRMWARE_DIR "/ring_large.elf";
    program_ = read_firmware(elf).value();
    ASSERT_EQ(
        shell(
            "drone-board flash --flash-file f " + elf +
            " && drone-board run --no-probe --flash-file f --save-ram dump"
        ),
        0
    ) << content("err");
    const std::string dump = content("dump");
    ASSERT_EQ(dump.size(), ram_size);
    ASSERT_EQ(shell("drone heap -f dump --json"), 0) << content("err");
    EXPECT_THAT(content("err"), testing::HasSubstr("Read the RAM ring at byte "));
    const auto said = nlohmann::json::parse(content("out"));
    const auto& run = said.at("runs").at(0);

    std::map<std::uint32_t, std::uint64_t> taken;
    std::map<std::uint32_t, std::uint64_t> live;
    for (std::uint32_t user = 0; user < 2; ++user) {
        for (std::uint32_t size = 1; size < 64; ++size) {
            const std::uint32_t made = word(dump, "taken", 64 * user + size);
            const std::uint32_t left = made - word(dump, "given_back", 64 * user + size);
            if (made != 0) taken[size] += made;
            if (left != 0) live[size] += left;
        }
    }
    std::map<std::uint32_t, std::uint64_t> taken_said;
    for (const auto& row : said.at("sizes"))
        taken_said[row.at("size")] = row.at("total");
    std::map<std::uint32_t, std::uint64_t> live_said;
    for (const auto& row : run.at("live_at_end").at("by_size"))
        live_said[row.at("size")] = row.at("blocks");
    EXPECT_EQ(taken_said, taken);
    EXPECT_EQ(live_said, live);
    EXPECT_EQ(run.at("failures"), word(dump, "refused", 0) + word(dump, "refused", 1));
    EXPECT_EQ(run.at("gaps"), 0);
}

} // namespace
