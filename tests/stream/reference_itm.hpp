// SPDX-License-Identifier: MIT
#pragma once

// The ITM decoder once more, slow and obvious: all of the input at hand, headers matched against
// the manual's patterns as strings, fields cut out of strings of bits. What the real decoder is
// compared with.

#include "stream/packet.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drone::stream::reference {

using bytes = std::vector<std::uint8_t>;

/// Most significant bit first, as the manual writes a header.
inline std::string pattern_of(std::uint8_t byte) {
    std::string text;
    for (int bit = 7; bit >= 0; --bit)
        text += (byte >> bit & 1) != 0 ? '1' : '0';
    return text;
}

/// 0 and 1 must match; letters stand for any bit.
inline bool matches(std::uint8_t byte, std::string_view pattern) {
    const std::string have = pattern_of(byte);
    for (std::size_t i = 0; i < 8; ++i)
        if ((pattern[i] == '0' || pattern[i] == '1') && pattern[i] != have[i]) return false;
    return true;
}

/// Bits of the payload in the order of the wire, `per_byte` low bits of each byte.
inline std::string wire_bits(const bytes& payload, int per_byte) {
    std::string text;
    for (const std::uint8_t byte : payload)
        for (int bit = 0; bit < per_byte; ++bit)
            text += (byte >> bit & 1) != 0 ? '1' : '0';
    return text;
}

/// The number that such bits are, the first one least.
inline std::uint64_t number(std::string_view bits) {
    std::uint64_t value = 0;
    std::uint64_t weight = 1;
    for (const char bit : bits) {
        if (bit == '1') value += weight;
        weight *= 2;
    }
    return value;
}

inline std::uint32_t number32(std::string_view bits) {
    return static_cast<std::uint32_t>(number(bits));
}

class decoder {
public:
    explicit decoder(bytes input) : in_(std::move(input)) {}

    std::vector<located_packet> all() {
        while (at_ < in_.size()) {
            if (in_[at_] == 0)
                zeros();
            else
                one_packet();
        }
        return out_;
    }

private:
    static malformed bad(defect what, const bytes& carried) {
        malformed value{.what = what, .length = carried.size(), .bytes = {}};
        for (std::size_t i = 0; i < carried.size() && i < 8; ++i)
            value.bytes[i] = carried[i];
        return value;
    }

    void found(std::size_t length, packet value) {
        const bool damage = std::holds_alternative<malformed>(value);
        const bool synchronised = std::holds_alternative<synchronisation>(value);
        if (damage) vouched_ = false;
        if (synchronised) vouched_ = true;
        if (damage || synchronised) page_ = 0;
        out_.push_back({.offset = at_, .tentative = !vouched_, .value = value});
        at_ += length;
    }

    [[nodiscard]] std::size_t zeros_at(std::size_t from) const {
        std::size_t count = 0;
        while (from + count < in_.size() && in_[from + count] == 0)
            ++count;
        return count;
    }

    void zeros() {
        const std::size_t count = zeros_at(at_);
        const bool at_end = at_ + count == in_.size();
        if (at_end) return found(count, malformed{.what = defect::truncated, .length = count});
        if (count >= 5 && in_[at_ + count] == 0x80)
            return found(count + 1, synchronisation{count + 1});
        found(count, malformed{.what = defect::stray_zeros, .length = count});
    }

    /// Payload bytes of the packet here, whether the input has them or not.
    [[nodiscard]] std::size_t payload_length() const {
        const std::uint8_t header = in_[at_];
        if (matches(header, "aaaaax01")) return 1;
        if (matches(header, "aaaaax10")) return 2;
        if (matches(header, "aaaaax11")) return 4;
        std::size_t most = 0;
        if (matches(header, "11cc0000") || matches(header, "10010100") ||
            matches(header, "1eee1s00"))
            most = 4;
        if (matches(header, "10110100")) most = 6;
        for (std::size_t i = 1; i <= most; ++i)
            if (at_ + i >= in_.size() || matches(in_[at_ + i], "0xxxxxxx")) return i;
        return most;
    }

    void one_packet() {
        const std::size_t length = payload_length();
        const std::size_t end = at_ + 1 + length;
        if (end > in_.size())
            return found(
                in_.size() - at_,
                bad(defect::truncated, {in_.begin() + static_cast<std::ptrdiff_t>(at_), in_.end()})
            );
        // Does a synchronisation begin in the payload, without five zeros of its own behind it?
        for (std::size_t from = at_ + 1; from < end; ++from) {
            const std::size_t count = zeros_at(from);
            const std::size_t stop = from + count;
            const bool sync = count >= 5 && stop < in_.size() && in_[stop] == 0x80;
            if (sync && stop < end + 5) {
                const bytes before(
                    in_.begin() + static_cast<std::ptrdiff_t>(at_),
                    in_.begin() + static_cast<std::ptrdiff_t>(from)
                );
                return found(before.size(), bad(defect::cut_by_sync, before));
            }
        }
        const bytes payload(
            in_.begin() + static_cast<std::ptrdiff_t>(at_ + 1),
            in_.begin() + static_cast<std::ptrdiff_t>(end)
        );
        found(1 + length, value_of(in_[at_], payload));
    }

    packet value_of(std::uint8_t header, const bytes& payload) {
        bytes whole{header};
        whole.insert(whole.end(), payload.begin(), payload.end());
        const auto size = static_cast<std::uint8_t>(payload.size());
        const std::string head = wire_bits({header}, 8);
        const std::string eight = wire_bits(payload, 8);
        const std::string seven = wire_bits(payload, 7);
        const bool goes_on = !payload.empty() && matches(payload.back(), "1xxxxxxx");
        if (matches(header, "01110000")) return overflow{};
        if (matches(header, "0ttt0000"))
            return local_timestamp{.ticks = number32(head.substr(4, 3)), .one_byte = true};
        if (matches(header, "11cc0000")) {
            if (goes_on) return bad(defect::overlong, whole);
            const auto relation = static_cast<timestamp_relation>(number(head.substr(4, 2)));
            return local_timestamp{.ticks = number32(seven), .relation = relation};
        }
        if (matches(header, "10010100")) {
            if (goes_on) return bad(defect::overlong, whole);
            if (size < 4) return global_timestamp_low{.ticks = number32(seven), .size = size};
            return global_timestamp_low{
                .ticks = number32(seven.substr(0, 26)),
                .size = 4,
                .wrapped = seven[27] == '1',
                .clock_changed = seven[26] == '1',
            };
        }
        if (matches(header, "10110100")) {
            if (goes_on) return bad(defect::overlong, whole);
            if (size != 4 && size != 6) return bad(defect::bad_length, whole);
            return global_timestamp_high{.ticks = number(seven), .size = size};
        }
        if (matches(header, "0eee1000")) {
            page_ = static_cast<std::uint8_t>(number(head.substr(4, 3)));
            return stimulus_page{page_};
        }
        if (matches(header, "xeee1s00")) {
            std::string bits = head.substr(4, 3);
            for (std::size_t i = 0; i < payload.size(); ++i)
                bits += eight.substr(8 * i, i == 3 ? 8 : 7);
            return extension{
                .value = number32(bits), .size = size, .hardware = matches(header, "xxxxx1xx")
            };
        }
        if (matches(header, "xxxxxx00")) return reserved{header};
        const auto address = static_cast<std::uint8_t>(number(head.substr(3, 5)));
        if (matches(header, "aaaaa0ss"))
            return software{
                .port = static_cast<std::uint8_t>(page_ * 32 + address),
                .size = size,
                .value = number32(eight),
            };
        return hardware(address, size, eight);
    }

    static packet hardware(std::uint8_t disc, std::uint8_t size, const std::string& bits) {
        const std::uint32_t value = number32(bits);
        const auto low = static_cast<std::uint8_t>(number(bits.substr(0, 8)));
        const auto comparator = static_cast<std::uint8_t>((disc / 2) % 4);
        if (disc == 0 && size == 1) return event_counters{low};
        if (disc == 1 && size == 2) {
            const auto number_bits = static_cast<std::uint16_t>(number(bits.substr(0, 9)));
            const std::string function = bits.substr(12, 2);
            if (function == "10") return exception_trace{number_bits, exception_action::enter};
            if (function == "01") return exception_trace{number_bits, exception_action::exit};
            if (function == "11") return exception_trace{number_bits, exception_action::resume};
        }
        if (disc == 2 && size == 4) return pc_sample{value};
        if (disc == 2 && bits == "00000000") return pc_sample_idle{false};
        if (disc == 2 && bits == "11111111") return pc_sample_idle{true};
        if (disc == 3 && size == 1) return pmu_overflow{low};
        if (disc == 8 || disc == 10 || disc == 12 || disc == 14) {
            if (size == 1) return data_match{comparator, low};
            return data_pc{comparator, size, value};
        }
        if (disc == 9 || disc == 11 || disc == 13 || disc == 15)
            return data_address{comparator, size, value};
        if (disc >= 16 && disc < 24) return data_value{comparator, disc % 2 == 1, size, value};
        return reserved_source{disc, size, value};
    }

    bytes in_;
    std::size_t at_ = 0;
    std::uint8_t page_ = 0;
    bool vouched_ = false;
    std::vector<located_packet> out_;
};

inline std::vector<located_packet> decode_itm(const bytes& input) { return decoder(input).all(); }

} // namespace drone::stream::reference
