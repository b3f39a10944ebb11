// SPDX-License-Identifier: MIT

#include "board/itm.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace drone::board {
namespace {

enum : std::uint32_t {
    stimulus_end = 0x080,
    ter = 0xE00,
    tpr = 0xE40,
    tcr = 0xE80,
    lar = 0xFB0,
    lsr = 0xFB4,
};

constexpr std::uint32_t control_writable = 0x007F'0F1F;
constexpr std::uint32_t sync_enable = 1U << 2U;
constexpr std::uint32_t hardware_enable = 1U << 3U;
constexpr std::uint32_t busy = 1U << 23U;
constexpr std::array<std::uint8_t, 1> overflow_packet{0x70};
constexpr std::array<std::uint8_t, 6> synchronization_packet{0, 0, 0, 0, 0, 0x80};
constexpr std::uint64_t largest_stamp = (1U << 28U) - 1;

} // namespace

std::uint32_t itm::read(std::uint32_t offset, std::uint64_t now, tpiu& pin) {
    if (!powered_) return 0;
    advance(now, pin);
    if (offset < stimulus_end) {
        // FIFOREADY: 0 when the FIFO is full or the port is disabled.
        if (!enabled() || (ports_ >> offset / 4 & 1U) == 0 || !ready()) return 0;
        promised_ = true;
        return 1;
    }
    switch (offset) {
    case ter:
        return ports_;
    case tpr:
        return privilege_;
    case tcr:
        return control_ | (count_ != 0 ? busy : 0);
    case lsr:
        return 1U | (locked_ ? 2U : 0U);
    default:
        return 0;
    }
}

void itm::write(
    std::uint32_t offset, unsigned size, std::uint32_t value, std::uint64_t now, tpiu& pin
) {
    if (!powered_) return;
    advance(now, pin);
    if (offset < stimulus_end) {
        const std::uint32_t port = offset / 4;
        if (!enabled() || (ports_ >> port & 1U) == 0) return;
        std::array<std::uint8_t, largest_packet> packet{};
        packet[0] = static_cast<std::uint8_t>(port << 3U | (size == 4 ? 3U : size));
        std::ranges::copy(base::store_le(value), packet.begin() + 1);
        accept(std::span(packet).first(size + 1), now);
        promised_ = false;
        advance(now, pin);
        return;
    }
    if (offset == lar) locked_ = value != unlock_key;
    if (locked_) return;
    switch (offset) {
    case ter:
        ports_ = value;
        break;
    case tpr:
        privilege_ = value & 0xFU;
        break;
    case tcr:
        if (!stamped()) stamped_at_ = now;
        control_ = value & control_writable;
        break;
    default:
        break;
    }
}

void itm::hardware_packet(std::span<const std::uint8_t> packet, std::uint64_t now, tpiu& pin) {
    advance(now, pin);
    if (!enabled() || (control_ & hardware_enable) == 0) return;
    accept(packet, now);
    advance(now, pin);
}

void itm::synchronize(std::uint64_t now, tpiu& pin) {
    advance(now, pin);
    if (!enabled() || (control_ & sync_enable) == 0) return;
    synchronization_owed_ = true;
    settle_debts(now);
    advance(now, pin);
}

void itm::advance(std::uint64_t now, tpiu& pin) {
    while (count_ != 0 && pin_free_at_ <= now) {
        const std::uint64_t taken_at = pin_free_at_;
        pin.transmit(fifo_[first_], static_cast<std::uint8_t>(control_ >> 16U & 0x7FU));
        first_ = (first_ + 1) % fifo_bytes;
        --count_;
        pin_free_at_ += pin.cycles_per_byte();
        settle_debts(taken_at);
    }
    // An idle pin takes the next byte when it comes.
    if (count_ == 0) pin_free_at_ = std::max(pin_free_at_, now);
}

void itm::drain(tpiu& pin) {
    while (count_ != 0)
        advance(pin_free_at_, pin);
    pin.flush();
}

// A synchronisation packet goes first, or a core that writes whenever it can would leave it no
// room.
bool itm::ready() const {
    return !overflow_owed_ && !synchronization_owed_ && room() >= largest_packet;
}

std::uint64_t itm::ticks_since_stamp(std::uint64_t now) const {
    constexpr std::array<unsigned, 4> prescaler_shift{0, 2, 4, 6}; // 1, 4, 16, 64
    return (now - stamped_at_) >> prescaler_shift[control_ >> 8U & 3U];
}

void itm::push(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes)
        fifo_[(first_ + count_++) % fifo_bytes] = byte;
}

void itm::accept(std::span<const std::uint8_t> packet, std::uint64_t now) {
    if (overflow_owed_ || room() < packet.size()) {
        overflow_owed_ = true;
        return;
    }
    push(packet);
    if (stamped() && !stamp(now, stamp_owed_)) stamp_owed_ = true;
}

// D4.2.4: LTS2, one byte, for 1..6 ticks of a timestamp that is not delayed; LTS1 else. A counter
// that has run over has lost its meaning, which an overflow packet says.
bool itm::stamp(std::uint64_t now, bool delayed) {
    const std::uint64_t ticks = ticks_since_stamp(now);
    std::array<std::uint8_t, largest_packet> packet{};
    std::size_t size = 1;
    if (ticks >= 1 && ticks <= 6 && !delayed) {
        packet[0] = static_cast<std::uint8_t>(ticks << 4U);
    } else {
        packet[0] = delayed ? 0xD0 : 0xC0;
        std::uint64_t rest = std::min(ticks, largest_stamp);
        do {
            packet[size++] =
                static_cast<std::uint8_t>((rest & 0x7FU) | (rest > 0x7FU ? 0x80U : 0U));
            rest >>= 7U;
        } while (rest != 0);
    }
    if (room() < size) return false;
    push(std::span(packet).first(size));
    if (ticks > largest_stamp) overflow_owed_ = true;
    stamped_at_ = now;
    stamp_owed_ = false;
    return true;
}

void itm::settle_debts(std::uint64_t now) {
    if (stamp_owed_ && stamped()) static_cast<void>(stamp(now, true));
    if (overflow_owed_ && !stamp_owed_ && room() >= 1) {
        push(overflow_packet);
        overflow_owed_ = false;
    }
    // What FIFOREADY has promised to a write is kept for it.
    const std::size_t kept = promised_ ? largest_packet : 0;
    if (synchronization_owed_ && !stamp_owed_ && room() >= synchronization_packet.size() + kept) {
        push(synchronization_packet);
        synchronization_owed_ = false;
    }
}

} // namespace drone::board
