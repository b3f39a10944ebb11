// SPDX-License-Identifier: MIT

#include "base/bytes.hpp"
#include "trace/formats/drone_records.hpp"
#include "trace/formats/sized_events.hpp"

#include <algorithm>
#include <optional>

namespace drone::trace {

namespace {

constexpr std::uint32_t plausible_size = 1U << 24U;

struct record {
    sized_event event;
    std::size_t length = 0; ///< bytes
};

std::uint32_t size_at(std::span<const std::byte> bytes, std::size_t at) {
    return base::load_le<std::uint32_t>(&bytes[at]);
}

/// The record at `at`, if there is a whole and plausible one.
std::optional<record> record_at(std::span<const std::byte> bytes, std::size_t at) {
    using kind = sized_event::kind;
    const auto op = std::to_integer<unsigned>(bytes[at]);
    const std::size_t length = op < 2 ? 5 : 9;
    if (op > 3 || at + length > bytes.size()) return std::nullopt;
    record r{.event = {.what = kind::resized, .size = size_at(bytes, at + 1)}, .length = length};
    if (op < 2)
        r.event.what = op == 0 ? kind::taken : kind::given_back;
    else
        r.event.new_size = size_at(bytes, at + 5);
    if (r.event.size >= plausible_size || r.event.new_size >= plausible_size) return std::nullopt;
    return r;
}

template <class Event, class Damage>
void decode(std::span<const std::byte> bytes, Event event, Damage damage) {
    std::size_t at = 0;
    bool in_step = true;
    while (at < bytes.size()) {
        if (const auto r = record_at(bytes, at)) {
            event(r->event);
            at += r->length;
            in_step = true;
        } else {
            if (in_step) damage();
            in_step = false;
            ++at;
        }
    }
}

} // namespace

bool is_drone_2022(std::span<const std::byte> bytes) {
    constexpr std::size_t looked_at = 4096;
    std::size_t at = 0;
    bool takes = false;
    while (at < std::min(bytes.size(), looked_at)) {
        const auto r = record_at(bytes, at);
        if (!r) return at + 9 > bytes.size() && takes; // cut within the last record
        takes |= r->event.what == sized_event::kind::taken;
        at += r->length;
    }
    return takes;
}

findings read_drone_2022(std::span<const std::byte> bytes, sink& to) {
    moved_resize_detector detector;
    decode(bytes, [&](const sized_event& e) { detector.feed(e); }, [] {});
    sized_reader reader(to, detector.logged_twice());
    reader.found.format = format::drone_2022;
    decode(
        bytes,
        [&](const sized_event& e) { reader.feed(e); },
        [&] {
            ++reader.found.damaged;
            reader.gap();
        }
    );
    reader.finish();
    return reader.found;
}

} // namespace drone::trace
