// SPDX-License-Identifier: MIT
#include "stream/tpiu_deframer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace drone::stream {

namespace {

constexpr std::size_t data_per_frame = 15;
constexpr std::uint32_t full_sync = 0xFFFF'FF7F;
constexpr std::uint8_t sync_part = 0xFF;
constexpr std::uint8_t sync_end = 0x7F;
constexpr std::uint8_t null_source = 0;
constexpr std::uint8_t first_reserved = 0x70;
constexpr std::uint8_t trigger_source = 0x7D;

/// Bit 0 of the even bytes of eight.
constexpr std::uint64_t even_bit_zero = 0x0001'0001'0001'0001;

static_assert(std::endian::native == std::endian::little);

std::uint64_t load(const std::uint8_t* from) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// Four flags to bit 0 of the even bytes of eight.
constexpr auto spread = [] {
    std::array<std::uint64_t, 16> table{};
    for (std::uint64_t flags = 0; flags < table.size(); ++flags)
        for (unsigned k = 0; k < 4; ++k)
            table[flags] |= (flags >> k & 1U) << 16 * k;
    return table;
}();

/// A frame of data alone.
bool has_no_id(const std::uint8_t* bytes) {
    return ((load(bytes) | load(bytes + 8)) & even_bit_zero) == 0;
}

/// An even byte of all ones is an ID that none has: a synchronisation may be there.
bool may_hold_sync(const std::uint8_t* bytes) {
    for (std::size_t i = 0; i < tpiu_deframer::frame_size; i += 2)
        if (bytes[i] == sync_part) return true;
    return false;
}

std::uint32_t last_four(const std::uint8_t* frame) {
    std::uint32_t value = 0;
    for (std::size_t i = 12; i < tpiu_deframer::frame_size; ++i)
        value = value << 8U | frame[i];
    return value;
}

} // namespace

tpiu_deframer::step
tpiu_deframer::feed(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
    std::size_t used = 0;
    while (used < bytes.size()) {
        if (size_ == 0) used += whole_frames(bytes.subspan(used), out);
        if (used == bytes.size()) break;
        const std::size_t lost = one_byte(bytes[used], out);
        ++used;
        if (lost != 0) return {.used = used, .lost = lost};
    }
    return {.used = used};
}

void tpiu_deframer::restart(std::uint8_t id) {
    source_ = id;
    saw_id_ = false;
    recent_ = 0;
    known_ = {};
    size_ = 0;
}

std::size_t tpiu_deframer::finish(std::vector<std::uint8_t>& out) {
    if (size_ >= frame_size) end_frame(out);
    recent_ = 0;
    return std::exchange(size_, 0);
}

/// The fast loop: frames that lie in `bytes` whole and hold no synchronisation. Returns how many
/// bytes they are.
std::size_t
tpiu_deframer::whole_frames(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
    const std::size_t before = out.size();
    // Room for what may come, given back at the end: the loop writes without looking.
    const std::size_t frames = bytes.size() / frame_size;
    out.resize(before + frames * data_per_frame + 1);
    std::uint8_t* to = out.data() + before;
    std::size_t done = 0;
    for (; done < frames; ++done) {
        const std::uint8_t* const at = bytes.data() + done * frame_size;
        const bool is_last = (done + 1) * frame_size == bytes.size();
        if (at[15] == sync_part && (is_last || at[16] == sync_part)) break;
        if (!has_no_id(at)) {
            if (may_hold_sync(at)) break;
            to = frame(at, to);
            continue;
        }
        if (source_ != wanted_) continue;
        const std::uint8_t flags = at[15];
        const std::uint64_t low = load(at) | spread[flags & 0xFU];
        const std::uint64_t high = load(at + 8) | spread[flags >> 4U];
        std::memcpy(to, &low, sizeof low);
        std::memcpy(to + 8, &high, sizeof high);
        to += data_per_frame;
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
    if (done != 0) recent_ = last_four(bytes.data() + (done - 1) * frame_size);
    return done * frame_size;
}

/// Returns how many bytes were lost with the frame that `byte` cut.
std::size_t tpiu_deframer::one_byte(std::uint8_t byte, std::vector<std::uint8_t>& out) {
    recent_ = recent_ << 8U | byte;
    frame_[size_++] = byte;
    if (recent_ == full_sync) {
        recent_ = 0;
        const std::size_t before = size_ > 4 ? size_ - 4 : 0;
        size_ = 0;
        return before;
    }
    if (size_ % 2 == 0 && frame_[size_ - 2] == sync_part && byte == sync_end) {
        size_ -= 2;
        return 0;
    }
    if (size_ >= frame_size && !may_be_cut()) end_frame(out);
    return 0;
}

/// Whether the bytes of ones at the end may be a synchronisation that begins in the gathered frame:
/// then the frame lacks bytes, and what fills it up is none of its own.
bool tpiu_deframer::may_be_cut() const {
    std::size_t ones = 0;
    while (ones < 3 && frame_[size_ - 1 - ones] == sync_part)
        ++ones;
    return ones != 0 && size_ - ones < frame_size;
}

/// The gathered frame is whole; bytes after it begin the next.
void tpiu_deframer::end_frame(std::vector<std::uint8_t>& out) {
    const std::size_t before = out.size();
    out.resize(before + data_per_frame);
    const std::uint8_t* const end = frame(frame_.data(), out.data() + before);
    out.resize(static_cast<std::size_t>(end - out.data()));
    size_ -= frame_size;
    std::copy_n(frame_.begin() + frame_size, size_, frame_.begin());
}

/// Writes the data of one frame to `to`, at most 15 bytes, and returns their end.
std::uint8_t* tpiu_deframer::frame(const std::uint8_t* bytes, std::uint8_t* to) {
    const auto data = [&](unsigned byte) {
        if (source_ == wanted_) *to++ = static_cast<std::uint8_t>(byte);
    };
    const std::uint8_t flags = bytes[15];
    for (unsigned k = 0; k < 8; ++k) {
        const std::uint8_t even = bytes[2 * k];
        const unsigned flag = flags >> k & 1U;
        const bool has_odd = k < 7; // byte 14 has no partner
        if ((even & 1U) == 0) {
            data(even | flag);
            if (has_odd) data(bytes[2 * k + 1]);
            continue;
        }
        const auto id = static_cast<std::uint8_t>(even >> 1U);
        if (flag == 0 || !has_odd) {
            change_source(id);
            if (has_odd) data(bytes[2 * k + 1]);
        } else {
            data(bytes[2 * k + 1]);
            change_source(id);
        }
    }
    return to;
}

void tpiu_deframer::change_source(std::uint8_t id) {
    const bool reserved = id >= first_reserved && id != trigger_source;
    if (reserved || (id != null_source && id != wanted_ && !known_[id])) ++oddities_;
    known_[id] = true;
    source_ = id;
    saw_id_ = true;
}

} // namespace drone::stream
