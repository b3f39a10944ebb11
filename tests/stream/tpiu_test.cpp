// SPDX-License-Identifier: MIT
#include "collected.hpp"
#include "stream/tpiu_decoder.hpp"
#include "stream/tpiu_deframer.hpp"
#include "streams.hpp"
#include "vectors.hpp"

#include <gmock/gmock.h>

#include <map>

namespace drone::stream {

namespace {

constexpr std::uint8_t itm = 1;
constexpr std::uint8_t etm = 2;

/// What every source sent, from frames that begin with the first byte and hold no synchronisation:
/// the table of the specification, step by step.
std::map<std::uint8_t, byte_string> deframed(const byte_string& frames) {
    std::map<std::uint8_t, byte_string> sent;
    std::uint8_t source = tpiu_deframer::no_source;
    for (std::size_t frame = 0; frame + 16 <= frames.size(); frame += 16) {
        for (std::size_t i = 0; i < 15; i += 2) {
            const std::uint8_t even = frames[frame + i];
            const bool flag = (frames[frame + 15] >> i / 2 & 1) != 0;
            const std::uint8_t odd = frames[frame + i + 1];
            if (even % 2 == 0) {
                sent[source].push_back(static_cast<std::uint8_t>(even + (flag ? 1 : 0)));
                if (i != 14) sent[source].push_back(odd);
            } else {
                const std::uint8_t before = source;
                source = even / 2;
                if (i != 14) sent[flag ? before : source].push_back(odd);
            }
        }
    }
    return sent;
}

byte_string heap_words(random_source& random, std::size_t count) {
    byte_string bytes;
    for (std::size_t i = 0; i < count; ++i)
        encode_itm(software{.port = 31, .value = static_cast<std::uint32_t>(random())}, bytes);
    return bytes;
}

/// An ITM stream in frames, every now and then interrupted by another source and by idling.
byte_string framed(const byte_string& itm_bytes, random_source& random, bool other_sources) {
    tpiu_framer framer;
    byte_string frames;
    for (std::span<const std::uint8_t> rest(itm_bytes); !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(rest.size(), 1 + below(random, 60));
        framer.put(itm, rest.first(size), frames);
        rest = rest.subspan(size);
        if (!other_sources) continue;
        const byte_string noise{0x00, 0xFF, static_cast<std::uint8_t>(random())};
        framer.put(below(random, 2) == 0 ? etm : std::uint8_t{0}, noise, frames);
    }
    framer.finish(frames);
    return frames;
}

std::vector<std::uint32_t> words(const std::vector<located_packet>& packets) {
    std::vector<std::uint32_t> all;
    for (const located_packet& found : packets)
        if (const auto* written = std::get_if<software>(&found.value))
            // A start inside a packet may leave a page that nobody set.
            if (written->port % 32 == 31 && written->size == 4) all.push_back(written->value);
    return all;
}

std::vector<located_packet> decode_frames(std::span<const std::uint8_t> frames) {
    tpiu_decoder decoder(itm);
    collected sink;
    decoder.feed(frames, sink);
    decoder.finish(sink);
    return sink.packets;
}

/// All of `later` but its first `allowed` words and those that damage took.
void expect_most_words(
    const std::vector<located_packet>& got, const byte_string& sent, std::size_t allowed
) {
    const auto expected = words(decode_itm(sent));
    const auto have = words(got);
    // The longest common tail of both, and how much of what was sent it covers.
    std::size_t common = 0;
    while (common < have.size() && common < expected.size() &&
           have[have.size() - 1 - common] == expected[expected.size() - 1 - common]) {
        ++common;
    }
    EXPECT_GE(common + allowed, expected.size());
}

} // namespace

TEST(Tpiu, TakesOutEverySourceOfTheRealCapture) {
    const auto folder = vectors::folder() / "sigrok";
    const byte_string frames = vectors::bytes(folder / "stm32f105_8mbaud.tpiu.bin");
    for (const std::uint8_t id : {itm, etm}) {
        tpiu_deframer deframer(id);
        byte_string data;
        EXPECT_EQ(deframer.feed(frames, data).used, frames.size());
        EXPECT_EQ(data, deframed(frames)[id]);
    }
    EXPECT_EQ(
        deframed(frames)[itm], vectors::bytes(folder / "stm32f105_8mbaud.stream1.expected.bin")
    );
    std::vector<std::string> lines;
    for (const located_packet& found : decode_frames(frames))
        lines.push_back(text(found));
    EXPECT_EQ(lines, vectors::lines(folder / "stm32f105_8mbaud.stream1.canon.txt"));
}

TEST(Tpiu, DeframesRandomFramesAsTheSpecificationSaysAtAnySplit) {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        random_source random(seed);
        byte_string frames(16 * (1 + below(random, 8)));
        for (std::size_t i = 0; i < frames.size(); ++i) {
            frames[i] = static_cast<std::uint8_t>(random());
            // An ID of 0x7F would be half a synchronisation.
            if (i % 2 == 0 && (frames[i] == 0xFF || below(random, 3) != 0)) frames[i] &= 0x06U;
        }
        const auto expected = deframed(frames);
        for (const std::uint8_t id : {itm, etm}) {
            tpiu_deframer deframer(id);
            byte_string data;
            for (std::span<const std::uint8_t> rest(frames); !rest.empty();) {
                const std::size_t size = std::min<std::size_t>(rest.size(), 1 + below(random, 40));
                const auto step = deframer.feed(rest.first(size), data);
                ASSERT_EQ(step.lost, 0U) << seed;
                rest = rest.subspan(step.used);
            }
            const auto found = expected.find(id);
            ASSERT_EQ(data, found == expected.end() ? byte_string{} : found->second) << seed;
        }
    }
}

TEST(Tpiu, FramerAndDeframerAreInverse) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        random_source random(seed);
        const byte_string sent = heap_words(random, 1 + below(random, 60));
        const byte_string frames = framed(sent, random, true);
        ASSERT_EQ(deframed(frames)[itm], sent) << seed;
    }
}

TEST(Tpiu, SynchronisationsLeaveNoTrace) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        random_source random(seed);
        const byte_string sent = heap_words(random, 40);
        const byte_string frames = framed(sent, random, true);
        byte_string synced;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            if (i % 16 == 0 && below(random, 3) == 0)
                synced.insert(synced.end(), tpiu_full_sync.begin(), tpiu_full_sync.end());
            if (i % 2 == 0 && below(random, 10) == 0)
                synced.insert(synced.end(), tpiu_half_sync.begin(), tpiu_half_sync.end());
            synced.push_back(frames[i]);
        }
        tpiu_deframer deframer(itm);
        byte_string data;
        const auto step = deframer.feed(synced, data);
        ASSERT_EQ(step.used, synced.size()) << seed;
        ASSERT_EQ(data, sent) << seed;
    }
}

TEST(Tpiu, ASynchronisationRestartsTheFrameWhereBytesWereLost) {
    random_source random(1);
    const byte_string first = framed(heap_words(random, 60), random, false);
    const byte_string sent = heap_words(random, 60);
    const byte_string second = framed(sent, random, false);
    for (std::size_t lost = 1; lost < 16; ++lost) {
        byte_string bytes(first.begin(), first.end() - static_cast<std::ptrdiff_t>(lost));
        bytes.insert(bytes.end(), tpiu_full_sync.begin(), tpiu_full_sync.end());
        bytes.insert(bytes.end(), second.begin(), second.end());
        const auto packets = decode_frames(bytes);
        expect_most_words(packets, sent, 0);
        const bool told = std::ranges::any_of(packets, [&](const located_packet& found) {
            const auto* gone = std::get_if<missing>(&found.value);
            return gone != nullptr && gone->length == 16 - lost;
        });
        EXPECT_TRUE(told) << lost;
    }
}

TEST(Tpiu, FindsFramesFromAnyStartWithoutASynchronisation) {
    for (const bool other_sources : {false, true}) {
        for (std::size_t cut = 0; cut < 48; ++cut) {
            random_source random(cut);
            const byte_string sent = heap_words(random, 400);
            const byte_string frames = framed(sent, random, other_sources);
            SCOPED_TRACE(fmt::format("cut {} {}", cut, other_sources));
            expect_most_words(decode_frames(std::span(frames).subspan(cut)), sent, 20);
        }
    }
}

TEST(Tpiu, FindsFramesAgainAfterLostBytesWithoutASynchronisation) {
    for (std::size_t lost = 1; lost < 16; ++lost) {
        random_source random(lost);
        const byte_string sent = heap_words(random, 2000);
        byte_string frames = framed(sent, random, false);
        const auto at = frames.begin() + 3001;
        frames.erase(at, at + static_cast<std::ptrdiff_t>(lost));
        const auto packets = decode_frames(frames);
        SCOPED_TRACE(lost);
        // Two check periods and a window, at three words a frame.
        expect_most_words(packets, sent, 600 + 500);
    }
}

TEST(Tpiu, GivesTheSamePacketsAtAnySplit) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        random_source random(seed);
        byte_string frames = framed(heap_words(random, 300), random, below(random, 2) == 0);
        for (int i = 0; i < 4; ++i)
            frames.erase(frames.begin() + below(random, static_cast<std::uint32_t>(frames.size())));
        if (below(random, 2) == 0)
            frames.insert(frames.begin() + 700, tpiu_full_sync.begin(), tpiu_full_sync.end());
        tpiu_decoder decoder(itm);
        collected sink;
        feed_in_pieces(decoder, frames, 200, random, sink);
        ASSERT_EQ(sink.packets, decode_frames(frames)) << seed;
    }
}

} // namespace drone::stream
