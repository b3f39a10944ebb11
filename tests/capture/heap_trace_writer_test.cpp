// SPDX-License-Identifier: MIT
#include "capture/heap_trace_writer.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace drone::capture {

namespace {

using stream::packet;
using stream::software;
using testing::ElementsAre;

constexpr std::uint32_t begin_word =
    wire::make_begin({.version = 1, .size = 4096, .alignment = 4, .pool_count = 2}).bits;

/// A heap trace port that writes into a file, which can be read back as words.
class HeapTraceWriter : public testing::Test {
protected:
    ~HeapTraceWriter() override { std::filesystem::remove(path_); }

    void say(const packet& value, stream::moment time = {}, bool tentative = false) {
        writer_.on_packet({.tentative = tentative, .value = value, .time = time});
    }
    void word(std::uint32_t bits, stream::moment time = {}) {
        say(software{.port = 31, .size = 4, .value = bits}, time);
    }
    std::vector<std::uint8_t> file() {
        writer_.flush();
        std::ifstream in(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::vector<std::uint32_t> words() {
        const auto bytes = file();
        EXPECT_EQ(bytes.size() % 4, 0U);
        std::vector<std::uint32_t> all(bytes.size() / 4);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            all[i / 4] |= static_cast<std::uint32_t>(bytes[i]) << 8 * (i % 4);
        return all;
    }

    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  ("heap_trace_writer_" + std::to_string(::getpid()));
    heap_trace_writer writer_{31, output(path_.string())};
};

std::uint32_t ticks_word(std::uint32_t ticks) {
    return wire::make_capture(wire::capture::target_ticks, ticks).bits;
}
std::uint32_t micros_word(std::uint32_t micros) {
    return wire::make_capture(wire::capture::host_micros, micros).bits;
}

} // namespace

TEST_F(HeapTraceWriter, KeepsADrone014TraceExactly) {
    constexpr std::uint32_t key = 0xC5AC'CE55;
    writer_.arrived(1000);
    word(0xA100'0000U ^ key);
    say(stream::overflow{});
    word(0xA200'0010U ^ key, 5);
    say(software{.port = 31, .size = 1, .value = 7});
    EXPECT_EQ(file().size(), 9U);
}

TEST_F(HeapTraceWriter, PutsTargetTimeBeforeTheWordsThatItDates) {
    word(begin_word, 100);
    word(0x11, 100);
    word(0x12, 0x100'0063);
    EXPECT_THAT(
        words(), ElementsAre(ticks_word(100), begin_word, 0x11, ticks_word(0xFF'FFFF), 0x12)
    );
}

TEST_F(HeapTraceWriter, SplitsATimeThatOneWordCannotHold) {
    word(begin_word, 0x100'0000);
    EXPECT_THAT(words(), ElementsAre(ticks_word(0xFF'FFFF), ticks_word(1), begin_word));
}

TEST_F(HeapTraceWriter, TakesTheHostsTimeUntilTheTargetTellsIts) {
    writer_.arrived(50);
    word(begin_word);
    writer_.arrived(80);
    word(0x11);
    word(0x12, 7);
    writer_.arrived(90);
    word(0x13);
    EXPECT_THAT(
        words(),
        ElementsAre(micros_word(50), begin_word, micros_word(30), 0x11, ticks_word(7), 0x12, 0x13)
    );
}

TEST_F(HeapTraceWriter, TellsWhatWasLostBetweenTwoWords) {
    word(begin_word);
    say(stream::overflow{});
    say(stream::malformed{.what = stream::defect::cut_by_sync, .length = 3});
    say(stream::missing{10});
    say(software{.port = 31, .size = 2, .value = 7});
    word(0x11);
    EXPECT_THAT(
        words(),
        ElementsAre(
            begin_word,
            wire::make_gap(wire::gap_reason::overflow, 0).bits,
            wire::make_gap(wire::gap_reason::malformed, 5).bits,
            wire::make_gap(wire::gap_reason::transport, 10).bits,
            0x11
        )
    );
}

TEST_F(HeapTraceWriter, TellsAtTheEndWhatWasLostBehindTheLastWord) {
    word(begin_word);
    say(stream::overflow{});
    say(stream::malformed{.what = stream::defect::truncated, .length = 2});
    writer_.finish();
    EXPECT_THAT(
        words(), ElementsAre(begin_word, wire::make_gap(wire::gap_reason::overflow, 0).bits)
    );
}

TEST_F(HeapTraceWriter, KnowsANativeTraceInTheMiddleOfARun) {
    std::vector<std::uint8_t> packets;
    for (const std::uint32_t bits : {0x01U, begin_word, 0x02U}) {
        packets.push_back(0xFB);
        for (unsigned i = 0; i < 4; ++i)
            packets.push_back(static_cast<std::uint8_t>(bits >> 8 * i));
    }
    writer_.on_run({.port = 31, .packets = packets, .time = 9});
    EXPECT_THAT(words(), ElementsAre(0x01, ticks_word(9), begin_word, 0x02));
}

TEST_F(HeapTraceWriter, BeginsANativeTraceAtAWholeWord) {
    say(software{.port = 31, .size = 1, .value = 7});
    word(begin_word);
    const auto all = words();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(wire::word{all[0]}.as_capture(), wire::capture::gap);
    EXPECT_EQ(all[1], begin_word);
}

TEST_F(HeapTraceWriter, FollowsAPageThatNobodySet) {
    say(software{.port = 63, .size = 4, .value = 0x01}, {}, true);
    say(software{.port = 63, .size = 4, .value = begin_word}, {}, true);
    say(software{.port = 63, .size = 4, .value = 0x02}, {}, true);
    EXPECT_THAT(words(), ElementsAre(begin_word, 0x02));
}

} // namespace drone::capture
