// SPDX-License-Identifier: MIT
// The recorded trace of a real firmware, damaged at random: words cut off, dropped, doubled,
// flipped. Whatever the damage, no leak is called certain that was none then, with the caller and
// the context it had, and no double free, for the firmware makes none.

#include "recording.hpp"
#include "trace/formats/native/native.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unistd.h>

namespace drone::calls {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t cases = 500;
#else
constexpr std::uint32_t cases = 3'400; // of each of the three recordings
#endif

/// By block: size, caller, context.
using live_blocks =
    std::map<trace::block_number, std::tuple<std::uint32_t, std::uint32_t, unsigned>>;

/// What is live when the words end, and of that what is certain.
class end_sink final : public trace::sink {
public:
    void on_changes(std::span<const trace::change> changes) override {
        for (const trace::change& c : changes) {
            if (c.gives_back)
                taken_.erase(c.block);
            else
                taken_[c.block] = {c.size, c.caller, c.context};
        }
    }
    void on_live(const trace::change& taken, bool certain) override {
        live[taken.block] = taken_.at(taken.block);
        if (certain) certainly_live.insert(*live.find(taken.block));
    }

    live_blocks live;
    live_blocks certainly_live;

private:
    live_blocks taken_;
};

/// Nothing where the words hold no announcement.
std::optional<trace::findings> read(std::span<const std::byte> bytes, end_sink& to) {
    const auto first = trace::find_announcement(bytes);
    if (!first) return std::nullopt;
    return trace::read_native(bytes, *first, to);
}

class recorded_trace {
public:
    explicit recorded_trace(tells what) {
        const std::filesystem::path file =
            std::filesystem::temp_directory_path() / ("drone-damage-" + std::to_string(::getpid()));
        calls_ = record(what, 6'000, file).calls.size();
        std::ifstream in(file, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(in), {});
        std::filesystem::remove(file);
        remember_checks();
    }

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] std::size_t calls() const { return calls_; }
    [[nodiscard]] const std::map<std::uint64_t, live_blocks>& live_at() const { return live_at_; }

private:
    /// What was live at each check: what is live at the end of a trace that ends there.
    void remember_checks() {
        for (std::size_t at = 0; at + 4 <= bytes_.size(); at += 4) {
            std::uint32_t bits = 0;
            std::copy_n(bytes_.data() + at, 4, reinterpret_cast<char*>(&bits));
            const wire::word w{bits};
            if (w.op() != wire::operation::control || w.as_control() != wire::control::checkpoint)
                continue;
            end_sink sink;
            ASSERT_TRUE(read(std::as_bytes(std::span(bytes_).first(at + 4)), sink));
            live_at_[w.data()] = sink.live;
        }
    }

    std::string bytes_;
    std::size_t calls_ = 0;
    std::map<std::uint64_t, live_blocks> live_at_; ///< by count of events
};

class damage {
public:
    explicit damage(std::uint32_t seed) : random_(seed) {}

    void hit(std::string& bytes) {
        const std::size_t words = bytes.size() / 4;
        const std::size_t at = 4 * below(words - 100);
        switch (below(6)) {
        case 4: // a probe's buffer sent twice
            bytes.insert(at, bytes.substr(at, 4 * (1 + below(2000))));
            break;
        case 5: // overflow packets where nothing of this port was lost
            for (std::size_t packets = 1 + below(50); packets-- > 0;)
                bytes.insert(4 * below(words - 100), overflow);
            break;
        case 0: // dropped, also parts of words
            bytes.erase(at + below(4), 1 + below(below(3) == 0 ? 400 : 16));
            break;
        case 1: // doubled
            bytes.insert(at, bytes.substr(at, 4 * (1 + below(8))));
            break;
        case 2: // cut off
            if (below(2) == 0)
                bytes.resize(bytes.size() - below(words));
            else
                bytes.erase(0, below(words));
            break;
        default: // flipped
            for (std::size_t flips = 1 + below(3); flips-- > 0;)
                flip(bytes[below(bytes.size())]);
            break;
        }
    }
    std::size_t below(std::size_t limit) { return random_() % limit; }
    void flip(char& byte) {
        byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << below(8)));
    }

private:
    static constexpr std::string_view overflow{"\0\0\0\xC2", 4};

    std::mt19937 random_;
};

class DamagedRecording : public testing::TestWithParam<tells> {};

TEST_P(DamagedRecording, SaysNothingFalse) {
    const recorded_trace truth(GetParam());
    ASSERT_GT(truth.calls(), 5'000U);
    std::size_t leaks = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        damage random(seed);
        std::string bytes = truth.bytes();
        for (std::size_t hits = 1 + random.below(4); hits-- > 0;)
            random.hit(bytes);
        end_sink sink;
        const auto found = read(std::as_bytes(std::span(bytes)), sink);
        if (!found) continue;
        ASSERT_EQ(found->double_frees, 0U);
        if (sink.certainly_live.empty()) continue;
        const auto then = truth.live_at().find(found->checked_until);
        ASSERT_NE(then, truth.live_at().end()) << found->checked_until;
        for (const auto& [block, what] : sink.certainly_live) {
            const auto live = then->second.find(block);
            const std::uint32_t number = std::to_underlying(block);
            ASSERT_NE(live, then->second.end()) << "block " << number << " is not a leak";
            ASSERT_EQ(live->second, what) << "block " << number;
        }
        leaks += sink.certainly_live.size();
    }
    EXPECT_GT(leaks, cases / 10) << "hardly anything was certain";
}

INSTANTIATE_TEST_SUITE_P(
    Told,
    DamagedRecording,
    testing::Values(tells::events, tells::who, tells::who_with_region),
    [](const auto& told) {
        return told.param == tells::events ? "EventsOnly"
               : told.param == tells::who  ? "WithWho"
                                           : "WithWhoOfARegion";
    }
);

} // namespace
} // namespace drone::calls
