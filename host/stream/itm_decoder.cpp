// SPDX-License-Identifier: MIT
#include "stream/itm_decoder.hpp"

#include "stream/itm_header.hpp"
#include "stream/itm_packet.hpp"
#include "stream/quick_loop.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace drone::stream {

namespace {

using bytes_view = std::span<const std::uint8_t>;

constexpr std::uint8_t sync_end = 0x80;
constexpr std::size_t sync_zeros = 5; // with the seven zero bits of 0x80: the 47 of D4.2.1

malformed make_malformed(defect what, bytes_view bytes) {
    malformed bad{.what = what, .length = bytes.size(), .bytes = {}};
    std::ranges::copy(bytes.first(std::min(bytes.size(), bad.bytes.size())), bad.bytes.begin());
    return bad;
}

/// How many bytes the packet has that starts with `bytes`; 0 where they end before it does.
std::size_t packet_size(header_kind kind, bytes_view bytes) {
    std::size_t size = 1;
    if (kind == header_kind::software || kind == header_kind::hardware) {
        size += source_size(bytes[0]);
    } else if (const std::size_t limit = payload_limit(kind); limit != 0) {
        while (size < bytes.size() && size < limit && (bytes[size] & 0x80U) != 0)
            ++size;
        ++size;
    }
    return size <= bytes.size() ? size : 0;
}

enum class cut : std::uint8_t { no, yes, undecided };

/// Whether the zero bytes at the end of the payload belong to a synchronisation. Where five zeros
/// follow the payload they are enough for one, and the payload's own zeros are its own.
cut cut_by_synchronisation(std::size_t payload_zeros, bytes_view following, bool last) {
    if (payload_zeros == 0) return cut::no;
    std::size_t zeros = 0;
    while (zeros < following.size() && zeros < sync_zeros && following[zeros] == 0)
        ++zeros;
    if (zeros == sync_zeros) return cut::no;
    if (zeros == following.size()) return last ? cut::no : cut::undecided;
    return following[zeros] == sync_end && payload_zeros + zeros >= sync_zeros ? cut::yes : cut::no;
}

std::size_t trailing_zeros(bytes_view payload) {
    const auto nonzero =
        std::ranges::find_if(payload.rbegin(), payload.rend(), [](std::uint8_t byte) {
            return byte != 0;
        });
    return static_cast<std::size_t>(nonzero - payload.rbegin());
}

/// Where packets with the header `*at` and `Size` payload bytes end that are certain without a look
/// further: the last payload byte and the byte after it are not both zero.
template <std::ptrdiff_t Size>
const std::uint8_t* end_of_run(const std::uint8_t* at, const std::uint8_t* end) {
    const std::uint8_t header = *at;
    while (end - at > Size + 1 && *at == header && (at[Size] | at[Size + 1]) != 0)
        at += Size + 1;
    return at;
}

} // namespace

void itm_decoder::feed(bytes_view bytes, packet_sink& sink) {
    // What was kept is decided in a copy together with the next few bytes.
    while (kept_size_ != 0 && !bytes.empty()) {
        const std::size_t added = std::min(bytes.size(), kept_.size() - kept_size_);
        std::memcpy(kept_.data() + kept_size_, bytes.data(), added);
        const std::uint8_t* const end = kept_.data() + kept_size_ + added;
        const std::uint8_t* const rest = decode(kept_.data(), end, false, sink);
        const auto used = static_cast<std::size_t>(rest - kept_.data());
        if (used >= kept_size_) {
            bytes = bytes.subspan(used - kept_size_);
            kept_size_ = 0;
        } else {
            bytes = bytes.subspan(added);
            kept_size_ += added - used;
            std::memmove(kept_.data(), rest, kept_size_);
        }
    }
    if (bytes.empty()) return;
    const std::uint8_t* const end = bytes.data() + bytes.size();
    const std::uint8_t* const rest = decode(bytes.data(), end, false, sink);
    kept_size_ = static_cast<std::size_t>(end - rest);
    std::memcpy(kept_.data(), rest, kept_size_);
}

void itm_decoder::finish(packet_sink& sink) {
    if (kept_size_ != 0) {
        decode(kept_.data(), kept_.data() + kept_size_, true, sink);
        kept_size_ = 0;
    }
    end_zeros(defect::truncated, sink);
    if (unsynchronised_ != 0) {
        sink.on_packet({
            .offset = offset_ - unsynchronised_,
            .tentative = true,
            .value = unsynchronised{unsynchronised_},
        });
        unsynchronised_ = 0;
    }
}

void itm_decoder::lose(std::uint64_t length, packet_sink& sink) {
    finish(sink);
    note_damage();
    emit(0, missing{length}, sink);
}

/// Decodes as much as is certain, all of it where these are the `last` bytes; returns the first
/// byte that is not decided.
const std::uint8_t* itm_decoder::decode(
    const std::uint8_t* first, const std::uint8_t* end, bool last, packet_sink& sink
) {
    const std::uint8_t* at = first;
    const bool alone = sink.wants_writes_alone();
    while (at != end) {
        if (zeros_ != 0 || *at == 0) {
            at = zero_run(at, end, sink);
            continue;
        }
        if (waiting_) {
            const std::uint8_t* const zero = std::find(at, end, std::uint8_t{0});
            offset_ += static_cast<std::uint64_t>(zero - at);
            unsynchronised_ += static_cast<std::uint64_t>(zero - at);
            at = zero;
            continue;
        }
        if (alone) {
            if (const std::uint8_t* const after = writes(at, end, sink); after != at) {
                at = after;
                continue;
            }
        }
        if (const std::uint8_t* const after = software_packets(at, end, sink); after != at) {
            at = after;
            continue;
        }
        const piece found = packet_at({at, end}, last);
        if (found.size == 0) break;
        emit(found.size, found.value, sink);
        at += found.size;
    }
    return at;
}

/// D4.2.1: five or more zero bytes and 0x80.
const std::uint8_t*
itm_decoder::zero_run(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink) {
    const std::uint8_t* const stop =
        std::find_if(at, end, [](std::uint8_t byte) { return byte != 0; });
    zeros_ += static_cast<std::uint64_t>(stop - at);
    if (stop == end) return end;
    if (zeros_ < sync_zeros || *stop != sync_end) {
        end_zeros(defect::stray_zeros, sink);
        return stop;
    }
    if (waiting_ && unsynchronised_ != 0) {
        sink.on_packet({
            .offset = offset_ - unsynchronised_,
            .tentative = true,
            .value = unsynchronised{unsynchronised_},
        });
    }
    waiting_ = false;
    unsynchronised_ = 0;
    synchronised_ = true;
    page_ = 0;
    const std::uint64_t length = std::exchange(zeros_, 0) + 1;
    sink.on_packet({.offset = offset_, .tentative = false, .value = synchronisation{length}});
    offset_ += length;
    return stop + 1;
}

/// The fast loop: as many software packets of one port and size as are here and are certain.
/// Returns `at` when there is none.
const std::uint8_t*
itm_decoder::software_packets(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink) {
    const std::uint8_t header = *at;
    if (header_kinds[header] != header_kind::software) return at;
    const std::uint8_t size = source_size(header);
    const std::uint8_t* behind = at;
    if (size == 4)
        behind = end_of_run<4>(at, end);
    else if (size == 1)
        behind = end_of_run<1>(at, end);
    else
        behind = end_of_run<2>(at, end);
    if (behind == at) return at;
    sink.on_run({
        .offset = offset_,
        .tentative = !synchronised_,
        .port = static_cast<std::uint8_t>(page_ * 32U + source_address(header)),
        .size = size,
        .packets = {at, behind},
    });
    offset_ += static_cast<std::uint64_t>(behind - at);
    return behind;
}

/// The fast loop for a sink of writes alone. Returns `at` when no packet is for it.
const std::uint8_t*
itm_decoder::writes(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink) {
    quick_loop loop(batch_, page_ * 32U);
    const std::uint8_t* const after = loop.over(at, end);
    if (after == at) return at;
    sink.on_writes(loop.found(!synchronised_));
    offset_ += static_cast<std::uint64_t>(after - at);
    return after;
}

/// The packet that starts here.
itm_decoder::piece itm_decoder::packet_at(bytes_view bytes, bool last) const {
    const std::size_t size = packet_size(header_kinds[bytes[0]], bytes);
    if (size == 0) {
        if (!last) {
            // A synchronisation that cuts the packet shows before the packet's own end does only in
            // a payload of continued bytes, and those end at the first zero byte.
            return {};
        }
        return {.size = bytes.size(), .value = make_malformed(defect::truncated, bytes)};
    }
    const bytes_view found = bytes.first(size);
    const std::size_t zeros = trailing_zeros(found.subspan(1));
    switch (cut_by_synchronisation(zeros, bytes.subspan(size), last)) {
    case cut::undecided:
        return {};
    case cut::yes: {
        const bytes_view before = found.first(size - zeros);
        return {.size = before.size(), .value = make_malformed(defect::cut_by_sync, before)};
    }
    case cut::no:
        break;
    }
    packet value = decode_itm_packet(found, page_);
    if (const auto* bad = std::get_if<malformed>(&value)) {
        return {.size = size, .value = make_malformed(bad->what, found)};
    }
    return {.size = size, .value = value};
}

void itm_decoder::emit(std::size_t length, packet value, packet_sink& sink) {
    if (const auto* page = std::get_if<stimulus_page>(&value)) page_ = page->page;
    if (std::holds_alternative<malformed>(value)) note_damage();
    sink.on_packet({.offset = offset_, .tentative = !synchronised_, .value = value});
    offset_ += length;
}

/// What came before vouches for nothing any more. The page goes back to 0, where a target is unless
/// it says otherwise: a page read out of damaged bytes would hide every port after it.
void itm_decoder::note_damage() {
    synchronised_ = false;
    page_ = 0;
}

/// The zero bytes at `offset_` are not a synchronisation.
void itm_decoder::end_zeros(defect what, packet_sink& sink) {
    if (zeros_ == 0) return;
    const std::uint64_t length = std::exchange(zeros_, 0);
    if (waiting_) {
        unsynchronised_ += length;
    } else {
        note_damage();
        sink.on_packet(
            {.offset = offset_,
             .tentative = true,
             .value = malformed{.what = what, .length = length}}
        );
    }
    offset_ += length;
}

} // namespace drone::stream
