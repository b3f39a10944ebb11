// SPDX-License-Identifier: MIT

#include "trace/formats/native/ring_dump.hpp"

#include "trace/formats/native/layout.hpp"
#include "trace/formats/native/words.hpp"

#include <drone/ram_ring.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace drone::trace {

namespace {

std::uint32_t load(const std::byte* at) { return load_word(at).bits; }

/// The magic as it lies in memory.
std::array<char, 8> magic_bytes() {
    std::array<char, 8> bytes{};
    for (unsigned i = 0; i < 4; ++i) {
        bytes[i] = static_cast<char>(ring_header::magic_low >> 8 * i);
        bytes[4 + i] = static_cast<char>(ring_header::magic_high >> 8 * i);
    }
    return bytes;
}

ring_header load_header(const std::byte* at) {
    return {
        .magic = {load(at), load(at + 4)},
        .shape = load(at + 8),
        .address = load(at + 12),
        .check = load(at + 16),
        .written = load(at + 20),
    };
}

/// The ring whose magic is at byte `at`, or what is wrong with it.
result<dumped_ring> ring_at(std::span<const std::byte> dump, std::size_t at) {
    if (dump.size() - at < sizeof(ring_header))
        return fail(fmt::format("the dump ends inside the header of a RAM ring at byte {}", at));
    const ring_header header = load_header(&dump[at]);
    if (header.check != ring_header::check_of(header.shape, header.address))
        return fail(fmt::format(
            "the header of the RAM ring at byte {} is damaged or was not complete when the target "
            "stopped: its check is {:#010x}, not {:#010x}; dump it again when the program has used "
            "its heap",
            at,
            header.check,
            ring_header::check_of(header.shape, header.address)
        ));
    if (header.shape >> 24U != ring_header::format_version)
        return fail(fmt::format(
            "the RAM ring at byte {} has version {}, and this drone reads version {}; use the "
            "drone that the firmware was built with",
            at,
            header.shape >> 24U,
            ring_header::format_version
        ));
    const std::uint32_t words_log2 = header.shape & 0xFFFFU;
    if (words_log2 > ring_header::words_log2_limit)
        return fail(fmt::format("the RAM ring at byte {} has 2^{} words", at, words_log2));
    const std::size_t size = word_bytes << words_log2;
    const std::span<const std::byte> rest = dump.subspan(at + sizeof(ring_header));
    if (rest.size() < size)
        return fail(fmt::format(
            "the dump ends {} bytes into the {} of the RAM ring at byte {}; dump {} bytes from "
            "address {:#x} on",
            rest.size(),
            size,
            at,
            sizeof(ring_header) + size,
            header.address
        ));
    return dumped_ring{
        .at = at,
        .address = header.address,
        .port = header.shape >> 16U & 0xFFU,
        .written = header.written,
        .places = rest.first(size),
    };
}

/// Words at the beginning that belong to a run of the firmware whose announcement is no longer
/// whole in the ring; the layout of the run that follows need not be theirs. Nothing: no
/// announcement is.
std::optional<std::size_t> words_of_unknown_layout(std::span<const std::byte> words) {
    announcement_parser parser;
    std::size_t begin = 0;
    for (std::size_t at = 0; at + word_bytes <= words.size(); at += word_bytes) {
        const wire::word w = load_word(&words[at]);
        if (w.op() != wire::operation::control) continue;
        if (w.as_control() == wire::control::begin) begin = at;
        if (const auto said = parser.feed(w))
            return (said->flags & wire::flag_continues) == 0 ? begin / word_bytes : 0;
    }
    return std::nullopt;
}

std::string place(const dumped_ring& ring) {
    return fmt::format("byte {} (address {:#x}, port {})", ring.at, ring.address, ring.port);
}

std::string describe(const dumped_ring& chosen, std::span<const dumped_ring> all) {
    const bool is_full = chosen.written >= chosen.places.size() / word_bytes;
    std::string said = fmt::format(
        "Read the RAM ring at {}: {} {} words.",
        place(chosen),
        is_full ? "the last" : "all its",
        chosen.kept_words()
    );
    for (const dumped_ring& other : all)
        if (other.at != chosen.at)
            said += fmt::format(
                " Another ring of {} words at {} was not read; to read it, dump its {} bytes alone.",
                other.kept_words(),
                place(other),
                sizeof(ring_header) + other.places.size()
            );
    return said;
}

} // namespace

std::size_t dumped_ring::kept_words() const {
    // The place of the oldest may already hold the newest, which is not counted yet.
    const std::size_t capacity = places.size() / word_bytes;
    return written < capacity ? written : capacity - 1;
}

std::vector<std::byte> dumped_ring::unrotated() const {
    const std::size_t capacity = places.size() / word_bytes;
    const std::size_t end = written % capacity * word_bytes;
    const std::size_t kept = kept_words() * word_bytes;
    std::vector<std::byte> words(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(end));
    if (kept > end)
        words.insert(
            words.begin(), places.end() - static_cast<std::ptrdiff_t>(kept - end), places.end()
        );
    return words;
}

ring_search find_rings(std::span<const std::byte> dump) {
    constexpr std::size_t searched = std::size_t{64} << 20U; // more RAM than the targets have
    const std::array<char, 8> magic = magic_bytes();
    const std::string_view text(
        reinterpret_cast<const char*>(dump.data()), std::min(dump.size(), searched)
    );
    ring_search found;
    std::size_t at = text.find({magic.data(), magic.size()});
    while (at != std::string_view::npos) {
        std::size_t behind = at + magic.size();
        if (auto ring = ring_at(dump, at)) {
            behind = at + sizeof(ring_header) + ring->places.size();
            found.rings.push_back(*ring);
        } else if (found.problem.empty()) {
            found.problem = std::move(ring.error().message);
        }
        at = text.find({magic.data(), magic.size()}, behind);
    }
    return found;
}

result<std::optional<ring_trace>> read_ring(std::span<const std::byte> dump) {
    ring_search found = find_rings(dump);
    if (found.rings.empty()) {
        if (found.problem.empty()) return std::nullopt;
        return fail(std::move(found.problem));
    }
    for (const dumped_ring& ring : found.rings) {
        ring_trace trace{.words = ring.unrotated(), .notice = describe(ring, found.rings)};
        const auto unknown = words_of_unknown_layout(trace.words);
        if (!unknown) continue;
        if (*unknown != 0) {
            trace.words.erase(
                trace.words.begin(),
                trace.words.begin() + static_cast<std::ptrdiff_t>(*unknown * word_bytes)
            );
            trace.notice += fmt::format(
                " {} of them are ignored: they are from a run before the last reset, and its "
                "layout is not in the ring any more.",
                *unknown
            );
        }
        return trace;
    }
    const dumped_ring& first = found.rings.front();
    if (first.written == 0)
        return fail(fmt::format("the RAM ring at {} has no words yet", place(first)));
    return fail(fmt::format(
        "the RAM ring at {} has {} words, but no complete announcement of the heap; make the ring "
        "longer",
        place(first),
        first.kept_words()
    ));
}

} // namespace drone::trace
