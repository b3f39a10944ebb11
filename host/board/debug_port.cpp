// SPDX-License-Identifier: MIT

#include "board/debug_port.hpp"

#include "base/bytes.hpp"
#include "board/component_ids.hpp"

#include <algorithm>
#include <cstddef>

namespace drone::board {
namespace {

enum : std::uint32_t { dp_abort = 0x0, dp_control = 0x4 };
enum : std::uint32_t {
    csw = 0x00,
    tar = 0x04,
    drw = 0x0C,
    bd0 = 0x10,
    bd3 = 0x1C,
    rom = 0xF8,
    idr = 0xFC
};

constexpr std::uint32_t sticky_error = 1U << 5U;
constexpr std::uint32_t clear_sticky_error = 1U << 2U;
constexpr std::uint32_t power_requests = 1U << 28U | 1U << 30U; // acknowledged one bit higher

constexpr std::uint32_t enabled = 1U << 6U;
constexpr std::uint32_t increment_single = 1U << 4U;
constexpr std::uint32_t increment_bits = 3U << 4U;
constexpr std::uint32_t writable = 0xFF00'0037;
constexpr std::uint32_t increment_page = 0xFFF; // TAR counts in these bits
constexpr std::uint32_t memory_port = 0x2477'0011;

} // namespace

std::uint32_t debug_port::read(std::uint32_t offset) const {
    return offset == dp_control ? status_ : 0;
}

void debug_port::write(std::uint32_t offset, std::uint32_t value) {
    if (offset == dp_abort && (value & clear_sticky_error) != 0) status_ &= ~sticky_error;
    if (offset != dp_control) return;
    const std::uint32_t requests = value & power_requests;
    status_ = (status_ & sticky_error) | (value & 0x0FFF'FF00U) | requests | requests << 1U;
}

std::uint32_t debug_port::read_access_port(std::uint32_t offset) {
    switch (offset) {
    case csw:
        return control_;
    case tar:
        return transfer_address_;
    case drw: {
        const std::uint32_t value = load(transfer_address_, unit());
        const std::uint32_t lane = value << 8U * (transfer_address_ & 3U & ~(unit() - 1U));
        advance();
        return lane;
    }
    case rom:
        return rom_table_base | 3U;
    case idr:
        return memory_port;
    default:
        break;
    }
    if (offset < bd0 || offset > bd3) return 0;
    return load((transfer_address_ & ~0xFU) | (offset & 0xCU), 4);
}

void debug_port::write_access_port(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
    case csw:
        control_ = (value & writable) | enabled;
        // Packed transfers read back as single ones.
        if ((control_ & increment_bits) > increment_single)
            control_ = (control_ & ~increment_bits) | increment_single;
        break;
    case tar:
        transfer_address_ = value;
        break;
    case drw:
        store(transfer_address_, unit(), value >> 8U * (transfer_address_ & 3U & ~(unit() - 1U)));
        advance();
        break;
    default:
        if (offset >= bd0 && offset <= bd3)
            store((transfer_address_ & ~0xFU) | (offset & 0xCU), 4, value);
    }
}

bool debug_port::read_memory(
    std::uint32_t address, unsigned unit, bool increments, std::span<std::uint8_t> to
) {
    for (transfer_address_ = address; to.size() >= unit; to = to.subspan(unit)) {
        const auto value = target_.debug_read(transfer_address_ & ~(unit - 1), unit);
        if (!value) return false;
        std::copy_n(base::store_le(*value).begin(), unit, to.begin());
        if (increments) transfer_address_ += unit;
    }
    return true;
}

bool debug_port::write_memory(
    std::uint32_t address, unsigned unit, bool increments, std::span<const std::uint8_t> from
) {
    for (transfer_address_ = address; from.size() >= unit; from = from.subspan(unit)) {
        const auto value = static_cast<std::uint32_t>(base::load_le(from.first(unit)));
        if (!target_.debug_write(transfer_address_ & ~(unit - 1), unit, value)) return false;
        if (increments) transfer_address_ += unit;
    }
    return true;
}

std::uint32_t debug_port::load(std::uint32_t address, unsigned size) {
    const auto value = target_.debug_read(address & ~(size - 1), size);
    if (!value) status_ |= sticky_error;
    return value.value_or(0);
}

void debug_port::store(std::uint32_t address, unsigned size, std::uint32_t value) {
    const std::uint32_t mask = size == 4 ? 0xFFFF'FFFFU : (1U << 8U * size) - 1U;
    if (!target_.debug_write(address & ~(size - 1), size, value & mask)) status_ |= sticky_error;
}

void debug_port::advance() {
    if ((control_ & increment_bits) != increment_single) return;
    transfer_address_ =
        (transfer_address_ & ~increment_page) | ((transfer_address_ + unit()) & increment_page);
}

} // namespace drone::board
