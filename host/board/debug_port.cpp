// SPDX-License-Identifier: MIT

#include "board/debug_port.hpp"

#include "base/bytes.hpp"
#include "board/component_ids.hpp"

#include <algorithm>
#include <cassert>
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

} // namespace

debug_port::debug_port(debug_target& target, const chip& part) : target_(target), part_(part) {
    for (const access_port& each : part.access_ports)
        ports_.push_back({.is = &each});
}

bool debug_port::has_access_port(unsigned number) const {
    return std::ranges::find(part_.access_ports, number, &access_port::number) !=
           part_.access_ports.end();
}

debug_port::port& debug_port::named(unsigned number) {
    const auto found =
        std::ranges::find(ports_, number, [](const port& each) { return each.is->number; });
    assert(found != ports_.end());
    return *found;
}

std::uint32_t debug_port::transfer_address(unsigned number) {
    return named(number).transfer_address;
}

std::uint32_t debug_port::read(std::uint32_t offset) const {
    return offset == dp_control ? status_ : 0;
}

void debug_port::write(std::uint32_t offset, std::uint32_t value) {
    if (offset == dp_abort && (value & clear_sticky_error) != 0) status_ &= ~sticky_error;
    if (offset != dp_control) return;
    const std::uint32_t requests = value & power_requests;
    status_ = (status_ & sticky_error) | (value & 0x0FFF'FF00U) | requests | requests << 1U;
}

std::uint32_t debug_port::read_access_port(unsigned number, std::uint32_t offset) {
    port& at = named(number);
    switch (offset) {
    case csw:
        return at.control;
    case tar:
        return at.transfer_address;
    case drw: {
        const std::uint32_t value = load(at, at.transfer_address, at.unit());
        const std::uint32_t lane = value << 8U * (at.transfer_address & 3U & ~(at.unit() - 1U));
        advance(at);
        return lane;
    }
    case rom:
        return rom_table_base | 3U;
    case idr:
        return at.is->id;
    default:
        break;
    }
    if (offset < bd0 || offset > bd3) return 0;
    return load(at, (at.transfer_address & ~0xFU) | (offset & 0xCU), 4);
}

void debug_port::write_access_port(unsigned number, std::uint32_t offset, std::uint32_t value) {
    port& at = named(number);
    switch (offset) {
    case csw:
        at.control = (value & writable) | enabled;
        // Packed transfers read back as single ones.
        if ((at.control & increment_bits) > increment_single)
            at.control = (at.control & ~increment_bits) | increment_single;
        break;
    case tar:
        at.transfer_address = value;
        break;
    case drw: {
        const unsigned lane = 8U * (at.transfer_address & 3U & ~(at.unit() - 1U));
        store(at, at.transfer_address, at.unit(), value >> lane);
        advance(at);
        break;
    }
    default:
        if (offset >= bd0 && offset <= bd3)
            store(at, (at.transfer_address & ~0xFU) | (offset & 0xCU), 4, value);
    }
}

bool debug_port::read_memory(unsigned number, const transfer& what, std::span<std::uint8_t> to) {
    port& at = named(number);
    std::uint32_t& address = at.transfer_address;
    for (address = what.address; to.size() >= what.unit; to = to.subspan(what.unit)) {
        const auto value = bus_read(at, address & ~(what.unit - 1), what.unit);
        if (!value) return false;
        std::copy_n(base::store_le(*value).begin(), what.unit, to.begin());
        if (what.increments) address += what.unit;
    }
    return true;
}

bool debug_port::write_memory(
    unsigned number, const transfer& what, std::span<const std::uint8_t> from
) {
    port& at = named(number);
    std::uint32_t& address = at.transfer_address;
    for (address = what.address; from.size() >= what.unit; from = from.subspan(what.unit)) {
        const auto value = static_cast<std::uint32_t>(base::load_le(from.first(what.unit)));
        if (!bus_write(at, address & ~(what.unit - 1), what.unit, value)) return false;
        if (what.increments) address += what.unit;
    }
    return true;
}

std::optional<std::uint32_t>
debug_port::bus_read(const port& at, std::uint32_t address, unsigned size) {
    if (!at.is->reaches.has(address)) return std::nullopt;
    return target_.debug_read(address, size);
}

bool debug_port::bus_write(
    const port& at, std::uint32_t address, unsigned size, std::uint32_t value
) {
    return at.is->reaches.has(address) && target_.debug_write(address, size, value);
}

std::uint32_t debug_port::load(const port& at, std::uint32_t address, unsigned size) {
    const auto value = bus_read(at, address & ~(size - 1), size);
    if (!value) status_ |= sticky_error;
    return value.value_or(0);
}

void debug_port::store(const port& at, std::uint32_t address, unsigned size, std::uint32_t value) {
    const std::uint32_t mask = size == 4 ? 0xFFFF'FFFFU : (1U << 8U * size) - 1U;
    if (!bus_write(at, address & ~(size - 1), size, value & mask)) status_ |= sticky_error;
}

void debug_port::advance(port& at) {
    if ((at.control & increment_bits) != increment_single) return;
    at.transfer_address = (at.transfer_address & ~increment_page) |
                          ((at.transfer_address + at.unit()) & increment_page);
}

} // namespace drone::board
