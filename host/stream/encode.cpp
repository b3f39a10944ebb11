// SPDX-License-Identifier: MIT
#include "stream/encode.hpp"

#include "base/bytes.hpp"

#include <drone/framing.hpp>

namespace drone::stream {

namespace {

std::uint8_t byte_of(std::uint64_t value) { return static_cast<std::uint8_t>(value); }

class encoder {
public:
    explicit encoder(byte_string& to) : to_(to) {}

    void operator()(const synchronisation& p) const {
        to_.insert(to_.end(), static_cast<std::size_t>(p.length - 1), 0);
        to_.push_back(0x80);
    }
    void operator()(const overflow&) const { to_.push_back(0x70); }
    void operator()(const local_timestamp& p) const {
        if (p.one_byte) return to_.push_back(byte_of(p.ticks << 4U));
        to_.push_back(byte_of(0xC0U | static_cast<unsigned>(p.relation) << 4U));
        continued(p.ticks, 0);
    }
    void operator()(const global_timestamp_low& p) const {
        to_.push_back(0x94);
        const std::uint64_t flags =
            (p.clock_changed ? 1U << 26U : 0U) | (p.wrapped ? 1U << 27U : 0U);
        continued(p.ticks | flags, p.size);
    }
    void operator()(const global_timestamp_high& p) const {
        to_.push_back(0xB4);
        continued(p.ticks, p.size);
    }
    void operator()(const stimulus_page& p) const {
        to_.push_back(byte_of(unsigned{p.page} << 4U | 8U));
    }
    void operator()(const extension& p) const {
        to_.push_back(
            byte_of((p.size != 0 ? 0x80U : 0U) | (p.value & 7U) << 4U | 8U | (p.hardware ? 4U : 0U))
        );
        if (p.size == 4) {
            for (unsigned i = 0; i < 3; ++i)
                to_.push_back(byte_of(p.value >> (3 + 7 * i) | 0x80U));
            to_.push_back(byte_of(p.value >> 24U));
        } else if (p.size != 0) {
            continued(p.value >> 3U, p.size);
        }
    }
    void operator()(const reserved& p) const { to_.push_back(p.header); }
    void operator()(const software& p) const {
        to_.push_back(itm_framing::header(p.port % 32, p.size).at[0]);
        value(p.value, p.size);
    }
    void operator()(const event_counters& p) const { hardware(0, 1, p.bits); }
    void operator()(const exception_trace& p) const {
        hardware(1, 2, static_cast<std::uint32_t>(p.action) << 12U | p.number);
    }
    void operator()(const pc_sample& p) const { hardware(2, 4, p.pc); }
    void operator()(const pc_sample_idle& p) const { hardware(2, 1, p.prohibited ? 0xFF : 0); }
    void operator()(const pmu_overflow& p) const { hardware(3, 1, p.counters); }
    void operator()(const data_pc& p) const { hardware(8 + 2U * p.comparator, p.size, p.value); }
    void operator()(const data_match& p) const { hardware(8 + 2U * p.comparator, 1, p.value); }
    void operator()(const data_address& p) const {
        hardware(9 + 2U * p.comparator, p.size, p.value);
    }
    void operator()(const data_value& p) const {
        hardware(16 + 2U * p.comparator + (p.written ? 1U : 0U), p.size, p.value);
    }
    void operator()(const reserved_source& p) const { hardware(p.discriminator, p.size, p.value); }
    void operator()(const malformed& p) const {
        const auto bytes = p.carried();
        to_.insert(to_.end(), bytes.begin(), bytes.end());
        to_.insert(to_.end(), static_cast<std::size_t>(p.length) - bytes.size(), 0);
    }
    void operator()(const unsynchronised&) const {}
    void operator()(const missing&) const {}

private:
    void value(std::uint32_t bits, std::uint8_t size) const {
        const auto bytes = base::store_le(bits);
        to_.insert(to_.end(), bytes.begin(), bytes.begin() + size);
    }
    void hardware(unsigned discriminator, std::uint8_t size, std::uint32_t bits) const {
        // ddddd1ss is aaaaa0ss with one bit set.
        to_.push_back(byte_of(itm_framing::header(discriminator, size).at[0] | 4U));
        value(bits, size);
    }
    /// Seven bits a byte; as few bytes as hold the value, or exactly `size`.
    void continued(std::uint64_t bits, unsigned size) const {
        for (unsigned i = 1; size != 0 ? i < size : bits >> 7U != 0; ++i) {
            to_.push_back(byte_of((bits & 0x7FU) | 0x80U));
            bits >>= 7U;
        }
        to_.push_back(byte_of(bits & 0x7FU));
    }

    byte_string& to_;
};

} // namespace

void encode_itm(const packet& value, byte_string& to) { std::visit(encoder(to), value); }

void encode_dso(std::uint8_t port, std::span<const std::uint8_t> payload, byte_string& to) {
    for (const std::uint8_t byte : dso_framing::header(port, payload.size()).at)
        to.push_back(byte);
    to.insert(to.end(), payload.begin(), payload.end());
}

void tpiu_framer::put(std::uint8_t id, std::span<const std::uint8_t> data, byte_string& to) {
    for (const std::uint8_t byte : data)
        put_byte(id, byte, to);
}

void tpiu_framer::finish(byte_string& to) {
    while (!frame_.empty())
        put_byte(0, 0, to);
    source_ = -1;
}

void tpiu_framer::put_byte(std::uint8_t id, std::uint8_t byte, byte_string& to) {
    if (source_ != id) {
        source_ = id;
        const auto change = byte_of(unsigned{id} << 1U | 1U);
        if (frame_.size() % 2 == 1) {
            // An ID goes to an even place: before the data byte that is there, which then
            // belongs to the source before it.
            const std::uint8_t before = frame_.back();
            frame_.back() = change;
            const auto flag = byte_of(1U << frame_.size() / 2);
            frame_.push_back(byte_of(before | ((flags_ & flag) != 0 ? 1U : 0U)));
            flags_ |= flag;
        } else {
            frame_.push_back(change);
        }
        end_frame(to);
    }
    if (frame_.size() % 2 == 0) {
        if ((byte & 1U) != 0) flags_ |= byte_of(1U << frame_.size() / 2);
        frame_.push_back(byte & 0xFEU);
    } else {
        frame_.push_back(byte);
    }
    end_frame(to);
}

void tpiu_framer::end_frame(byte_string& to) {
    if (frame_.size() < 15) return;
    frame_.push_back(flags_);
    to.insert(to.end(), frame_.begin(), frame_.end());
    frame_.clear();
    flags_ = 0;
}

} // namespace drone::stream
