// SPDX-License-Identifier: MIT

#include "base/bytes.hpp"
#include "trace/formats/drone_records.hpp"
#include "trace/formats/sized_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

namespace drone::trace {

namespace {

constexpr std::uint32_t key = 0xC5AC'CE55;
constexpr std::size_t word_size = 4;

std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t at) {
    return base::load_le<std::uint32_t>(&bytes[at]) ^ key;
}

/// A: taken, D: given back, B: grown, C: shrunk.
enum family : std::size_t { taken, grown, shrunk, given_back, families };

struct tag {
    family of = families;
    std::uint32_t part = 0; ///< of the event, from 1
    bool is_last = false;
};

std::optional<tag> tag_of(std::uint32_t word) {
    const std::uint32_t part = word >> 24U & 0xFU;
    const std::uint32_t letter = word >> 28U;
    if (letter < 0xA || letter > 0xD || part == 0) return std::nullopt;
    const auto of = static_cast<family>(letter - 0xA);
    const std::uint32_t parts = of == taken || of == given_back ? 2 : 3;
    if (part > parts) return std::nullopt;
    return tag{of, part, part == parts};
}

/// Bytes from `at` on to the next place where words carry tags.
std::size_t next_tagged(std::span<const std::byte> bytes, std::size_t at) {
    const auto tagged = [&](std::size_t there) {
        return there + word_size <= bytes.size() && tag_of(word_at(bytes, there)).has_value();
    };
    for (std::size_t there = at + 1; there + word_size <= bytes.size(); ++there)
        if (tagged(there) && (tagged(there + word_size) || there + 2 * word_size > bytes.size()))
            return there;
    return bytes.size();
}

/// Words to events. `event(sized_event)`, `gap()`.
template <class Event, class Gap>
class decoder {
public:
    decoder(Event event, Gap gap) : event_(event), gap_(gap) {}

    void decode(std::span<const std::byte> bytes) {
        std::size_t at = 0;
        while (at + word_size <= bytes.size()) {
            const std::uint32_t word = word_at(bytes, at);
            if (const auto t = tag_of(word)) {
                next(*t, word & 0xFF'FFFFU);
                at += word_size;
                ++words_;
            } else {
                damage();
                at = next_tagged(bytes, at);
            }
        }
        for (const auto& waiting : open_)
            for (std::size_t i = 0; i < waiting.size(); ++i)
                damage();
    }

    std::uint64_t damaged = 0;

private:
    struct partial {
        std::array<std::uint32_t, 3> payload{};
        std::uint32_t parts = 0;
        std::uint64_t begun = 0; ///< at this word
    };

    /// An event that is not complete after so many words never will be: a part of it was lost.
    static constexpr std::uint64_t patience_words = 256;

    void next(tag t, std::uint32_t payload) {
        std::vector<partial>& waiting = open_[t.of];
        while (!waiting.empty() && waiting.front().begun + patience_words < words_) {
            waiting.erase(waiting.begin());
            damage();
        }
        if (t.part == 1) {
            waiting.push_back({.payload = {payload}, .parts = 1, .begun = words_});
            return;
        }
        if (waiting.empty() || waiting.back().parts + 1 != t.part) return damage();
        partial& innermost = waiting.back();
        innermost.payload[innermost.parts++] = payload;
        if (!t.is_last) return;
        const partial whole = innermost;
        waiting.pop_back();
        finish(t.of, whole.payload);
    }

    void finish(family of, const std::array<std::uint32_t, 3>& p) {
        using kind = sized_event::kind;
        if (of == taken || of == given_back) {
            if (p[1] > 0xFF) return damage();
            event_({of == taken ? kind::taken : kind::given_back, p[0] << 8U | p[1], 0});
        } else {
            if (p[2] > 0xFFFF) return damage();
            event_({kind::resized, p[0] << 8U | p[1] >> 16U, (p[1] & 0xFFFFU) << 16U | p[2]});
        }
    }

    void damage() {
        ++damaged;
        gap_();
    }

    Event event_;
    Gap gap_;
    std::array<std::vector<partial>, families> open_;
    std::uint64_t words_ = 0;
};

} // namespace

bool is_drone_0_14(std::span<const std::byte> bytes) {
    constexpr std::size_t looked_at = 4096;
    const auto beginning = bytes.first(std::min(bytes.size(), looked_at));
    for (std::size_t phase = 0; phase < word_size; ++phase) {
        std::size_t words = 0;
        std::size_t tagged = 0;
        for (std::size_t at = phase; at + word_size <= beginning.size(); at += word_size) {
            ++words;
            if (tag_of(word_at(beginning, at))) ++tagged;
        }
        if (tagged >= 2 && tagged * 4 > words * 3) return true;
    }
    return false;
}

findings read_drone_0_14(std::span<const std::byte> bytes, sink& to) {
    moved_resize_detector detector;
    decoder first([&](const sized_event& e) { detector.feed(e); }, [] {});
    first.decode(bytes);

    sized_reader reader(to, detector.logged_twice());
    reader.found.format = format::drone_0_14;
    std::uint32_t largest = 0;
    decoder second(
        [&](const sized_event& e) {
            largest = std::max({largest, e.size, e.new_size});
            reader.feed(e);
        },
        [&] { reader.gap(); }
    );
    second.decode(bytes);
    reader.finish();
    reader.found.damaged = second.damaged;
    if (reader.found.events != 0 && largest < 256)
        reader.found.notices.emplace_back(
            "Every size is below 256: firmware of drone-core 0.12.0 to 0.14.3 loses bits 8 to 23 "
            "of each size. If the program asks for larger blocks, the sizes here are wrong."
        );
    return reader.found;
}

} // namespace drone::trace
