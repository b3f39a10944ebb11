// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.hpp"
#include "stream/itm_header.hpp"
#include "stream/packet.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::stream {

/// Packets of the hardware for the fast loop: those that mean something whatever their value. A
/// stream of others is misread, and whoever looks for that must see them.
inline constexpr auto is_known_source = [] {
    std::array<bool, 256> known{};
    for (unsigned i = 0; i < known.size(); ++i) {
        const auto header = static_cast<std::uint8_t>(i);
        if (classify(header) != header_kind::hardware) continue;
        const unsigned discriminator = source_address(header);
        const unsigned size = source_size(header);
        known[i] = (discriminator == 1 && size == 2) || (discriminator == 2 && size == 4) ||
                   (discriminator >= 8 && discriminator < 24);
    }
    return known;
}();

/// The length of the local timestamp that begins here, and its ticks. 0: none, or one that the fast
/// loop leaves: it has four bytes, or its last one may belong to a synchronisation.
struct quick_timestamp {
    unsigned length = 0;
    std::uint32_t ticks = 0;
};

inline quick_timestamp timestamp_at(const std::uint8_t* at) {
    const unsigned header = *at;
    if (header >= 0xC0) {
        if ((header & 0x0FU) != 0) return {};
        const unsigned low = at[1];
        if (low < 0x80) return {low != 0 ? 2U : 0U, low};
        const unsigned high = at[2];
        return {high - 1 < 0x7F ? 3U : 0U, (low & 0x7FU) | high << 7U};
    }
    return {(header & 0x8FU) == 0 && header != 0 && header != 0x70 ? 1U : 0U, header >> 4U};
}

/// The fast loop over packets of several kinds, for a sink of writes alone.
class quick_loop {
public:
    using write = write_batch::write;

    // What one look reads at most: three packets of five bytes, and the byte after them.
    static constexpr std::ptrdiff_t look = 16;

    /// Writes go to `into`, of which the first is ours.
    quick_loop(std::span<write> into, unsigned first_port)
        : first_(into.data()), next_(first_ + 1), waiting_(first_), first_port_(first_port),
          most_(2 * static_cast<std::ptrdiff_t>(into.size() - 1)) {}

    /// As many packets as are certain, up to a run of equal ones. Returns where they end.
    const std::uint8_t* over(const std::uint8_t* at, const std::uint8_t* end) {
        if (end - at <= look) return at;
        // A write has two bytes at least.
        const std::uint8_t* const stop = at + std::min(end - look - at, most_);
        while (at < stop) {
            // The most frequent first, and what mostly follows at once: this decides how fast a
            // capture is read.
            const unsigned size_bits = *at & 3U;
            if (size_bits == 3) {
                if (!source<4>(at)) break;
            } else if (size_bits == 1) {
                if (!source<1>(at)) break;
            } else if (size_bits == 2) {
                if (!source<2>(at)) break;
            }
            if ((*at & 3U) != 0) continue;
            if (!timestamp(at)) break;
        }
        return at;
    }

    [[nodiscard]] write_batch found(bool tentative) const {
        const bool stamped = waiting_ != first_;
        const write* const waiting = stamped ? waiting_ : first_ + 1;
        for (write* one = first_ + (waiting - first_); one != next_; ++one)
            one->ticks = 0;
        return {
            .writes = {first_ + 1, next_},
            .tentative = tentative,
            .timed = stamped,
            .packets = others_ + static_cast<std::size_t>(next_ - first_ - 1),
            .waiting = static_cast<std::size_t>(next_ - waiting),
            .first_ticks = stamped ? first_->ticks : 0,
            .passed = ticks_,
        };
    }

private:
    // Each goes over a packet, unless it is not for this loop.

    bool timestamp(const std::uint8_t*& at) {
        const quick_timestamp found = timestamp_at(at);
        if (found.length == 0) return false;
        ticks_ += found.ticks;
        for (; waiting_ != next_; ++waiting_)
            waiting_->ticks = ticks_;
        at += found.length;
        ++others_;
        return true;
    }

    template <unsigned Size>
    bool source(const std::uint8_t*& at) {
        constexpr unsigned length = 1 + Size;
        const unsigned header = *at;
        // Payload that ends in a zero byte before another one may be cut by a synchronisation.
        if ((at[Size] | at[length]) == 0) return false;
        if ((header & 4U) != 0) {
            if (!is_known_source[header]) return false;
            at += length;
            ++others_;
            return true;
        }
        if (at[length] == header && at[2 * length] == header) return false; // a run
        constexpr std::uint32_t mask = 0xFFFF'FFFFU >> (32 - 8 * Size);
        next_->value = base::load_le<std::uint32_t>(at + 1) & mask;
        next_->port = static_cast<std::uint8_t>(first_port_ + (header >> 3U));
        next_->size = Size;
        ++next_;
        at += length;
        return true;
    }

    write* first_; ///< the place of what was held before: the first timestamp is its time, too
    write* next_;
    write* waiting_; ///< for a timestamp, up to next_
    unsigned first_port_;
    std::ptrdiff_t most_; ///< bytes
    std::uint64_t ticks_ = 0;
    std::size_t others_ = 0; ///< packets that are not writes
};

} // namespace drone::stream
