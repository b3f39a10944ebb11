// SPDX-License-Identifier: MIT

#include "trace/formats/native/ring_dump.hpp"
#include "trace/formats/native/words.hpp"
#include "trace_writer.hpp"

#include <drone/ram_ring.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <deque>
#include <random>

namespace drone::trace {
namespace {

using ::testing::HasSubstr;

/// Memory before and after a ring: any bytes.
std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

template <class Ring>
std::string image_of() {
    return {static_cast<const char*>(Ring::data()), Ring::size_bytes()};
}

std::span<const std::byte> bytes_in(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// The words of a ring in a dump, by the search that `drone heap` makes.
std::vector<std::uint32_t> words_of(const dumped_ring& ring) {
    const std::vector<std::byte> bytes = ring.unrotated();
    std::vector<std::uint32_t> words;
    for (std::size_t at = 0; at < bytes.size(); at += word_bytes)
        words.push_back(load_word(&bytes[at]).bits);
    return words;
}

RC_GTEST_PROP(
    RingDump, HoldsTheLastWordsWhateverIsAroundThem, (const std::vector<std::uint32_t>& words)
) {
    using ring = ram_ring<32>;
    static std::deque<std::uint32_t> model; // the ring cannot be begun anew, so it goes on
    for (const std::uint32_t word : words) {
        ring::write(31, word);
        model.push_back(word);
        if (model.size() > ring::capacity_words) model.pop_front();
    }
    RC_PRE(!model.empty());
    const auto before = *rc::gen::inRange<std::size_t>(0, 100);
    const auto behind = *rc::gen::inRange<std::size_t>(0, 100);
    const std::string dump = noise(before, 1) + image_of<ring>() + noise(behind, 2);
    const ring_search found = find_rings(bytes_in(dump));
    RC_ASSERT(found.rings.size() == 1U);
    RC_ASSERT(found.rings[0].at == before);
    RC_ASSERT(words_of(found.rings[0]) == std::vector(model.begin(), model.end()));
}

/// A ring of 64 words by hand.
std::string ring_image(
    const std::vector<wire::word>& words, std::uint32_t address = 0x2000'0100, unsigned port = 31
) {
    const std::uint32_t shape = ring_header::shape_of(port, 6);
    const ring_header header{
        .magic = {ring_header::magic_low, ring_header::magic_high},
        .shape = shape,
        .address = address,
        .check = ring_header::check_of(shape, address),
        .written = static_cast<std::uint32_t>(words.size()),
    };
    std::vector<wire::word> places(64, {0xDEAD'BEEFU});
    for (std::size_t i = 0; i < words.size(); ++i)
        places[i % 64] = words[i];
    std::string image(sizeof header, '\0');
    std::memcpy(image.data(), &header, sizeof header);
    return image + bytes_of(places);
}

/// A trace in it that has turned it round `turns` times.
std::string
ring_image(std::uint32_t turns, std::uint32_t address = 0x2000'0100, unsigned port = 31) {
    native_writer w;
    for (std::uint32_t i = 0; i < 60 * turns; ++i) {
        if (i % 20 == 0) w.announce();
        w.allocate(1, i % 8, 12).deallocate(1, i % 8);
    }
    w.announce().allocate(2, 3, 33).allocate(1, 0, 5);
    return ring_image(w.words, address, port);
}

TEST(RingDump, IsReadAsANativeTrace) {
    const reading r(noise(1001, 3) + ring_image(0) + noise(99, 4));
    EXPECT_THAT(
        r.usage.rows(),
        ::testing::ElementsAre(usage::size_usage{5, 1, 1}, usage::size_usage{33, 1, 1})
    );
    EXPECT_EQ(r.found.format, format::native);
    EXPECT_THAT(
        r.found.notices,
        ::testing::ElementsAre(
            "Read the RAM ring at byte 1001 (address 0x20000100, port 31): all its 14 words."
        )
    );
}

TEST(RingDump, ThatBeginsInTheMiddleOfATraceMakesNoFalseLeakOrDoubleFree) {
    const reading r(ring_image(5));
    EXPECT_EQ(r.usage.leftovers().size(), 2U);
    EXPECT_EQ(r.found.double_frees + r.found.suspected_double_frees, 0U);
    EXPECT_EQ(r.found.damaged + r.found.lost_events, 0U);
    EXPECT_THAT(r.found.notices.at(0), HasSubstr("the last 63 words"));
}

TEST(RingDump, LeavesOutARunThatNoLongerSaysItsLayout) {
    native_writer before;
    before.announce();
    for (std::uint32_t i = 0; i < 50; ++i)
        before.allocate(0, i % 8, 3).deallocate(0, i % 8);
    native_writer after;
    after.announce().allocate(2, 3, 33);
    before.words.insert(before.words.end(), after.words.begin(), after.words.end());
    const reading r(ring_image(before.words));
    EXPECT_THAT(r.usage.rows(), ::testing::ElementsAre(usage::size_usage{33, 1, 1}));
    EXPECT_EQ(r.found.restarts, 0U);
    EXPECT_THAT(r.found.notices.at(0), HasSubstr("50 of them are ignored"));
}

// -- Several --------------------------------------------------------------------------------------

TEST(RingDump, SaysWhichRingWasReadAndWhichWasNot) {
    const reading r(ring_image(0) + noise(8, 5) + ring_image(1, 0x2000'0300, 30));
    EXPECT_THAT(
        r.found.notices.at(0), HasSubstr("Read the RAM ring at byte 0 (address 0x20000100")
    );
    EXPECT_THAT(
        r.found.notices.at(0),
        HasSubstr(
            "at byte 288 (address 0x20000300, port 30) was not read; to read it, dump its 280 "
            "bytes alone"
        )
    );
}

TEST(RingDump, ReadsTheOneThatHoldsATrace) {
    std::string empty = ring_image(0);
    std::memset(empty.data() + offsetof(ring_header, written), 0, 4);
    const reading r(empty + ring_image(0, 0x2000'0400));
    EXPECT_THAT(r.found.notices.at(0), HasSubstr("Read the RAM ring at byte 280 "));
}

// -- Bad input ------------------------------------------------------------------------------------

std::string refusal(const std::string& dump) {
    const temporary_file file(dump);
    const auto from = source::open(file.path());
    if (from) return "";
    EXPECT_THAT(from.error().message, ::testing::StartsWith(file.path().string() + ": "));
    EXPECT_THAT(from.error().message, ::testing::Not(HasSubstr("\n")));
    return from.error().message;
}

TEST(RingDump, WithADamagedHeaderIsRefused) {
    for (const std::size_t at : {std::size_t{8}, std::size_t{12}, std::size_t{19}}) {
        std::string dump = noise(64, 6) + ring_image(1);
        dump[64 + at] = static_cast<char>(dump[64 + at] ^ 0x10);
        EXPECT_THAT(refusal(dump), HasSubstr("the header of the RAM ring at byte 64 is damaged"));
    }
}

TEST(RingDump, ThatIsCutIsRefusedWithWhatToDump) {
    const std::string image = ring_image(1);
    EXPECT_THAT(refusal(image.substr(0, 20)), HasSubstr("ends inside the header"));
    EXPECT_THAT(
        refusal(image.substr(0, 100)), HasSubstr("dump 280 bytes from address 0x20000100 on")
    );
}

TEST(RingDump, OfAnotherVersionIsRefused) {
    std::string image = ring_image(1);
    ring_header header{};
    std::memcpy(&header, image.data(), sizeof header);
    header.shape += 1U << 24U;
    header.check = ring_header::check_of(header.shape, header.address);
    std::memcpy(image.data(), &header, sizeof header);
    EXPECT_THAT(refusal(image), HasSubstr("has version 2"));
}

TEST(RingDump, WithoutAWordOrAnAnnouncementIsRefused) {
    std::string image = ring_image(0);
    std::memset(image.data() + offsetof(ring_header, written), 0, 4);
    EXPECT_THAT(refusal(image), HasSubstr("has no words yet"));
    image[offsetof(ring_header, written)] = 3;
    EXPECT_THAT(refusal(image), HasSubstr("has 3 words, but no complete announcement"));
}

TEST(RingDump, IsNotTakenForOneBecauseOfItsMagicAlone) {
    const std::string magic = ring_image(0).substr(0, 8);
    const reading r(magic + noise(30, 7) + ring_image(0));
    EXPECT_THAT(r.found.notices.at(0), HasSubstr("Read the RAM ring at byte 38 "));
}

} // namespace
} // namespace drone::trace
