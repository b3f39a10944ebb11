// SPDX-License-Identifier: MIT
// A heap traced over RTT on the virtual board. The probe is a model of this test: it reads the
// descriptor word by word, copies bytes, and stores how far it got, each of these between any two
// instructions of the target. It may stall, take little at a time, go away, or live through a reset.

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/memory_map.hpp"
#include "paths.hpp"
#include "stream/decoder.hpp"
#include "trace/formats/native/native.hpp"

#include <drone/wire.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace drone::board;
namespace stream = drone::stream;
namespace trace = drone::trace;
namespace wire = drone::wire;

using words = std::vector<std::uint32_t>;

/// The memory of the board as a probe has it.
class memory {
public:
    explicit memory(virtual_board& board) : board_(board) {}
    [[nodiscard]] std::uint32_t load(std::uint32_t address) const {
        return board_.processor().read_word(address).value();
    }
    [[nodiscard]] std::uint8_t load_byte(std::uint32_t address) const {
        return board_.processor().memory(address, 1).front();
    }
    void store(std::uint32_t address, std::uint32_t value) const {
        std::memcpy(board_.processor().ram(address, 4).data(), &value, sizeof value);
    }

private:
    virtual_board& board_;
};

/// A debug probe that empties an up-buffer. Each act is one access of the memory.
class reader {
public:
    struct habits {
        std::uint32_t most = 1024; ///< bytes that it takes at a time
        bool read_first = false;   ///< loads `read` before `written`
        bool stops_at_end = false; ///< takes no bytes over the buffer's end at a time, as J-Link
    };
    enum class act { first, second, copy, store };

    reader(std::uint32_t block, const habits& how) : up_(block + 24), how_(how) {}

    void step(const memory& m) {
        constexpr std::uint32_t written = 12;
        constexpr std::uint32_t read = 16;
        switch (next_) {
        case act::first:
            (how_.read_first ? read_ : written_) = m.load(up_ + (how_.read_first ? read : written));
            next_ = act::second;
            return;
        case act::second:
            (how_.read_first ? written_ : read_) = m.load(up_ + (how_.read_first ? written : read));
            size_ = m.load(up_ + 8);
            bytes_ = m.load(up_ + 4);
            copied_ = 0;
            next_ = written_ == read_ || size_ == 0 ? act::first : act::copy;
            return;
        case act::copy:
            copy(m);
            return;
        case act::store:
            m.store(up_ + read, (read_ + copied_) % size_);
            taken_ += copied_;
            next_ = act::first;
            return;
        }
    }

    [[nodiscard]] act next() const { return next_; }
    [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return got_; }

private:
    /// A byte, as they are many accesses on a slow link; the last one decides that it is done.
    void copy(const memory& m) {
        ASSERT_LT(read_, size_);
        ASSERT_LT(written_, size_);
        const std::uint32_t to_end = size_ - read_;
        std::uint32_t available = (written_ - read_) % size_;
        if (written_ < read_) available = size_ - read_ + written_;
        available = std::min(available, how_.most);
        if (how_.stops_at_end) available = std::min(available, to_end);
        got_.push_back(m.load_byte(bytes_ + (read_ + copied_) % size_));
        if (++copied_ == available) next_ = act::store;
    }

    std::uint32_t up_;
    habits how_;
    act next_ = act::first;
    std::uint32_t written_ = 0, read_ = 0, size_ = 0, bytes_ = 0, copied_ = 0, taken_ = 0;
    std::vector<std::uint8_t> got_;
};

/// What the ITM decoder makes of the bytes.
struct decoded : stream::packet_sink {
    words trace;
    std::string text;
    std::size_t other = 0;

    explicit decoded(const std::vector<std::uint8_t>& bytes) {
        const auto decoder = stream::make_decoder({});
        decoder->feed(bytes, *this);
        decoder->finish(*this);
    }
    void on_packet(const stream::located_packet& found) override {
        if (const auto* const packet = std::get_if<stream::software>(&found.value)) {
            if (packet->port == 31 && packet->size == 4)
                trace.push_back(packet->value);
            else if (packet->port == 0 && packet->size == 1)
                text += static_cast<char>(packet->value);
            else
                ++other;
        } else if (const auto* const bad = std::get_if<stream::malformed>(&found.value)) {
            const auto bytes = bad->carried(); // idle bytes may stand alone
            if (std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; })) ++other;
        } else if (!std::holds_alternative<stream::synchronisation>(found.value)) {
            ++other;
        }
    }
};

/// Lets a probe act between instructions.
class pacer final : public board_observer {
public:
    [[nodiscard]] bool wants_every_instruction() const override { return true; }
    void executing(virtual_board& board, std::uint32_t /*address*/) override {
        if (probe == nullptr || --left_ != 0) return;
        probe->step(memory(board));
        left_ = pause();
    }
    /// `instructions` between two acts.
    void go(reader& which, std::function<std::uint32_t()> instructions) {
        probe = &which;
        pause = std::move(instructions);
        left_ = pause();
    }

    reader* probe = nullptr;
    std::function<std::uint32_t()> pause;

private:
    std::uint32_t left_ = 0;
};

bool begins_anew(std::uint32_t word) {
    const wire::word w{word};
    return w.is_control(wire::control::begin) && (w.data() >> 12U & wire::flag_continues) == 0;
}

struct no_sink final : trace::sink {
    void on_changes(std::span<const trace::change> /*changes*/) override {}
};

trace::findings read_words(const words& all) {
    const auto bytes = std::as_bytes(std::span(all));
    no_sink nobody;
    const auto first = trace::find_announcement(bytes);
    EXPECT_TRUE(first);
    return first ? trace::read_native(bytes, *first, nobody) : trace::findings{};
}

/// The words from one announcement of a beginning to the next.
std::vector<words> epochs(const words& all) {
    std::vector<words> parts;
    for (const std::uint32_t word : all) {
        if (parts.empty() || begins_anew(word)) parts.emplace_back();
        parts.back().push_back(word);
    }
    return parts;
}

/// How the words that arrived compare with those that the firmware wrote. They agree if each epoch
/// that arrived is the beginning of one that was written, in the same order. A probe that stops inside
/// packets, and is given up there, may see its last packets out of step, as many as the buffer has.
struct comparison {
    bool agree = true;
    std::size_t arrived = 0; ///< epochs
    std::size_t written = 0;
    std::size_t torn = 0; ///< words out of step
};

comparison compare(const words& arrived, const words& written, std::size_t may_be_torn) {
    const std::vector<words> from = epochs(written);
    auto next = from.begin();
    comparison result{.written = from.size()};
    for (const words& part : epochs(arrived)) {
        const auto wrong = [&part](const words& whole) {
            const auto end = std::ranges::mismatch(part, whole).in1;
            return static_cast<std::size_t>(part.end() - end);
        };
        auto match =
            std::find_if(next, from.end(), [&](const words& one) { return wrong(one) == 0; });
        if (match == from.end())
            match = std::find_if(next, from.end(), [&](const words& one) {
                return wrong(one) <= may_be_torn;
            });
        result.agree = match != from.end();
        if (!result.agree) return result;
        result.torn += wrong(*match);
        ++result.arrived;
        next = match + 1;
    }
    return result;
}

class Rtt : public testing::Test {
protected:
    void power_on(const std::string& name) {
        auto program = read_firmware(std::string(DRONE_FIRMWARE_DIR "/") + name + ".elf");
        ASSERT_TRUE(program) << program.error().message;
        program_ = *std::move(program);
        auto image = flash_image(program_);
        ASSERT_TRUE(image) << image.error().message;
        board_setup setup{.probe = std::nullopt};
        if (name.ends_with("_m0")) setup.model = core_model::m0;
        auto made = virtual_board::make(setup, *std::move(image), listener_);
        ASSERT_TRUE(made) << made.error().message;
        board_ = *std::move(made);
        std::mt19937 random(1);
        for (std::uint8_t& byte : board_->processor().ram(ram_origin, ram_size))
            byte = static_cast<std::uint8_t>(random());
        board_->observe(pace_);
        pace_.probe = nullptr;
        ASSERT_TRUE(board_->reset());
        find_block();
    }

    /// False: the program has ended.
    bool run_for(std::uint64_t cycles) {
        const auto end = board_->run({.cycles = board_->now() + cycles, .address = finished()});
        EXPECT_TRUE(end.why == run_end::kind::limit || end.why == run_end::kind::address)
            << end.message;
        return end.why == run_end::kind::limit;
    }

    [[nodiscard]] std::uint32_t address(const std::string& name) const {
        return program_.find(name).value().address;
    }
    [[nodiscard]] std::uint32_t finished() const { return address("finished"); }
    [[nodiscard]] std::uint32_t block() const { return address("_SEGGER_RTT"); }
    [[nodiscard]] memory ram() { return memory(*board_); }

    /// Runs until a probe finds the block.
    void find_block() {
        const std::string id("SEGGER RTT\0\0\0\0\0\0", 16);
        while (!std::ranges::equal(board_->processor().memory(block(), 16), id))
            ASSERT_TRUE(run_for(50));
    }

    /// With a probe that acts every so many instructions.
    bool run_with(reader& probe, std::uint64_t cycles, std::uint32_t instructions) {
        pace_.go(probe, [instructions] { return instructions; });
        const bool runs = run_for(cycles);
        pace_.probe = nullptr;
        return runs;
    }
    void run_to_end(reader& probe, std::uint32_t instructions) {
        while (run_with(probe, 100'000, instructions)) {
        }
        drain(probe);
    }

    [[nodiscard]] words written() {
        const std::uint32_t size = ram().load(address("log_size"));
        EXPECT_LE(size, 16 * 1024U);
        words all(size);
        const auto bytes = board_->processor().memory(address("log_words"), 4 * size);
        std::memcpy(all.data(), bytes.data(), bytes.size());
        return all;
    }

    /// Takes what is left, with the target stopped.
    void drain(reader& probe) {
        for (int i = 0; i < 1'000; ++i)
            probe.step(ram());
    }

    board_listener listener_;
    firmware program_;
    pacer pace_;
    std::unique_ptr<virtual_board> board_;
};

} // namespace

// -- A reader that keeps up -----------------------------------------------------------------------

class RttOfEveryProgram : public Rtt, public testing::WithParamInterface<const char*> {};

TEST_P(RttOfEveryProgram, AReaderThatKeepsUpGetsEveryWordAndATraceThatBegins) {
    for (const reader::habits& how :
         {reader::habits{}, {.read_first = true}, {.most = 7}, {.stops_at_end = true}}) {
        ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
        reader probe(block(), how);
        find_block();
        run_to_end(probe, 3);
        const decoded got(probe.bytes());
        ASSERT_EQ(got.trace, written());
        EXPECT_GT(got.trace.size(), 2'000U);
        EXPECT_TRUE(begins_anew(got.trace.front()));
        EXPECT_EQ(got.other, 0U);
        const bool says_text = !std::string_view(GetParam()).starts_with("rtt_c_");
        EXPECT_EQ(got.text.empty(), !says_text);
        const trace::findings found = read_words(got.trace);
        EXPECT_EQ(found.damaged + found.gaps + found.double_frees + found.restarts, 0U);
    }
}

TEST_P(RttOfEveryProgram, NobodyListensAndNothingIsWritten) {
    ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
    while (run_for(100'000)) {
    }
    EXPECT_EQ(ram().load(address("log_size")), 0U);
    const auto id = board_->processor().memory(block(), 16);
    EXPECT_EQ(std::string(id.begin(), id.end()), std::string("SEGGER RTT\0\0\0\0\0\0", 16));
}

TEST_P(RttOfEveryProgram, AProgramEndsThoughItsListenerWentAway) {
    ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
    reader probe(block(), {});
    ASSERT_TRUE(run_with(probe, 15'000, 5));
    ASSERT_GT(written().size(), 10U);
    std::uint64_t turns = 0;
    while (run_for(100'000))
        ASSERT_LT(++turns, 1'000U);
}

/// At random: the pace, long stalls anywhere, and how the probe reads.
TEST_P(RttOfEveryProgram, WhatAnyReaderGetsIsWhatWasWrittenInPartsThatBeginAnew) {
    std::size_t arrived = 0;
    std::size_t written_epochs = 0;
    std::size_t torn = 0;
    for (unsigned seed = 0; seed < 24 && !HasFailure(); ++seed) {
        ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
        std::mt19937 random(seed);
        const auto below = [&random](std::uint32_t limit) {
            return static_cast<std::uint32_t>(random() % limit);
        };
        const reader::habits how{
            .most = below(2) == 0 ? 1024 : 1 + below(40),
            .read_first = below(2) == 0,
            .stops_at_end = below(2) == 0,
        };
        const std::uint32_t pace = 1 + below(60);
        reader probe(block(), how);
        pace_.go(probe, [&] { return 1 + (below(400) == 0 ? below(30'000) : below(pace)); });
        while (run_for(100'000)) {
        }
        drain(probe);
        const decoded got(probe.bytes());
        const bool tears = how.most < 1024 || how.stops_at_end; // it may stop inside a packet
        const comparison c = compare(got.trace, written(), tears ? 256 / 5 : 0);
        ASSERT_TRUE(c.agree) << "seed " << seed << ", epoch " << c.arrived;
        if (!tears) {
            EXPECT_EQ(got.other, 0U) << "seed " << seed;
            const trace::findings found = read_words(got.trace);
            EXPECT_EQ(found.damaged + found.double_frees, 0U) << "seed " << seed;
        }
        arrived += c.arrived;
        written_epochs += c.written;
        torn += c.torn;
    }
    EXPECT_GT(arrived, 30U); // some were given up
    std::cout << arrived << " beginnings of " << written_epochs << " arrived, " << torn
              << " torn words\n";
}

/// A probe that is gone, and another one later, each with a file of its own.
TEST_P(RttOfEveryProgram, TheNextListenerGetsATraceFromItsBeginning) {
    std::size_t captures = 0;
    ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
    std::mt19937 random(7);
    for (bool runs = true; runs;) {
        reader probe(block(), {});
        runs = run_with(probe, 14'000 + random() % 700, 7);
        if (runs) runs = run_for(60'000); // goes away in the middle of whatever it did
        const decoded got(probe.bytes());
        if (got.trace.empty()) continue;
        ++captures;
        EXPECT_TRUE(begins_anew(got.trace.front()));
        EXPECT_EQ(read_words(got.trace).double_frees, 0U);
    }
    EXPECT_GT(captures, 2U);
}

TEST_P(RttOfEveryProgram, AReaderLivesThroughAReset) {
    for (unsigned at = 0; at < 8 && !HasFailure(); ++at) {
        ASSERT_NO_FATAL_FAILURE(power_on(GetParam()));
        reader probe(block(), {});
        ASSERT_TRUE(run_with(probe, 14'000 + 37 * at, 7));
        const std::size_t before = written().size();
        ASSERT_TRUE(board_->reset());
        run_to_end(probe, 5);
        const decoded got(probe.bytes());
        const words second = written();
        ASSERT_GE(got.trace.size(), second.size());
        EXPECT_TRUE(std::ranges::equal(std::span(got.trace).last(second.size()), second)) << at;
        EXPECT_LE(got.trace.size() - second.size(), before) << at;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rtt,
    RttOfEveryProgram,
    testing::Values(
        "rtt_drop", "rtt_wait", "rtt_m0", "rtt_checked", "rtt_c_drop", "rtt_c_wait", "rtt_c_m0"
    ),
    [](const auto& one) { return std::string(one.param); }
);

// -- The C tracer's beside ours --------------------------------------------------------------------

TEST_F(Rtt, BothTracersSendTheSameWordsAndAsManyEventsAsTheProgramsBooks) {
    std::vector<words> got_of;
    for (const char* const name : {"rtt_same_c", "rtt_same_cpp"}) {
        SCOPED_TRACE(name);
        ASSERT_NO_FATAL_FAILURE(power_on(name));
        reader probe(block(), {});
        run_to_end(probe, 3);
        const decoded got(probe.bytes());
        ASSERT_EQ(got.trace, written());
        const auto count = [&](wire::operation op) {
            return static_cast<std::uint32_t>(std::ranges::count(
                got.trace, op, [](std::uint32_t w) { return wire::word{w}.op(); }
            ));
        };
        EXPECT_EQ(
            count(wire::operation::allocate) + count(wire::operation::allocate_aligned),
            ram().load(address("taken"))
        );
        EXPECT_EQ(count(wire::operation::deallocate), ram().load(address("given_back")));
        EXPECT_EQ(count(wire::operation::failed), ram().load(address("failed")));
        EXPECT_GT(ram().load(address("taken")), 1'000U);
        EXPECT_GT(ram().load(address("failed")), 1U);
        const trace::findings found = read_words(got.trace);
        EXPECT_EQ(found.damaged + found.gaps + found.double_frees + found.restarts, 0U);
        got_of.push_back(got.trace);
    }
    EXPECT_EQ(got_of.front(), got_of.back());
}

// -- Every instruction ----------------------------------------------------------------------------

/// A reader that stalls in each of its acts, until every instruction of the way on which the target
/// gives it up, and then goes on.
TEST_F(Rtt, AReaderThatComesBackAtAnyInstructionGetsWholeWords) {
    ASSERT_NO_FATAL_FAILURE(power_on("rtt_drop"));
    reader heard(block(), {});
    ASSERT_TRUE(run_with(heard, 40'000, 7));
    std::size_t begun_anew = 0;
    for (const auto stalled :
         {reader::act::first, reader::act::second, reader::act::copy, reader::act::store}) {
        while (heard.next() != stalled) {
            ASSERT_TRUE(run_for(7));
            heard.step(ram());
        }
        const snapshot moment = board_->save();
        // Until it is given up: the buffer has idle bytes alone.
        std::uint64_t given_up = 0;
        while (ram().load(block() + 48) == 0xFFFF'FFFF) {
            ASSERT_TRUE(run_for(1));
            ASSERT_LT(++given_up, 100'000U);
        }
        for (std::uint64_t after = given_up - 60; after < given_up + 60; ++after) {
            board_->restore(moment);
            reader probe = heard;
            ASSERT_TRUE(run_for(after));
            ASSERT_TRUE(run_with(probe, 5'000, 7));
            drain(probe);
            const decoded got(probe.bytes());
            const comparison c = compare(got.trace, written(), 0);
            ASSERT_TRUE(c.agree) << "act " << static_cast<int>(stalled) << ", " << after
                                 << " instructions, epoch " << c.arrived;
            begun_anew += c.arrived > 1 ? 1 : 0;
        }
        board_->restore(moment);
    }
    EXPECT_GT(begun_anew, 300U);
}
