// SPDX-License-Identifier: MIT

#include "board/chip.hpp"

#include "board/chips.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

namespace drone::board {
namespace {

// CoreSight (architecture specification, B2.3)
constexpr std::uint32_t lock_access = 0xFB0;
constexpr std::uint32_t lock_status = 0xFB4;
constexpr std::uint32_t lock_key = 0xC5AC'CE55;

} // namespace

std::span<const chip* const> all_chips() {
    static const std::array<const chip*, 7> all{
        &stm32f407(),
        &stm32f103(),
        &stm32l476(),
        &stm32g474(),
        &stm32u575(),
        &stm32h743(),
        &nrf52840(),
    };
    return all;
}

const chip* find_chip(std::string_view name) {
    const auto found = std::ranges::find(all_chips(), name, &chip::name);
    return found == all_chips().end() ? nullptr : *found;
}

chip_registers::chip_registers(const chip& part) : part_(&part) {
    for (const chip_register& one : part.registers)
        values_.push_back(one.reset);
    assert(std::ranges::is_sorted(part.registers, {}, &chip_register::address));
    opened_.resize(part.locked.size());
}

std::optional<std::uint32_t> chip_registers::read(std::uint32_t address) const {
    if (const auto lock = lock_of(address); lock && address % peripheral_page == lock_status)
        return opened_[*lock] ? 1U : 3U;
    const auto found =
        std::ranges::lower_bound(part_->registers, address, {}, &chip_register::address);
    if (found == part_->registers.end() || found->address != address) return std::nullopt;
    return values_[static_cast<std::size_t>(found - part_->registers.begin())];
}

void chip_registers::write(std::uint32_t address, std::uint32_t value) {
    const auto found =
        std::ranges::lower_bound(part_->registers, address, {}, &chip_register::address);
    if (found == part_->registers.end() || found->address != address || !hold(found->clock)) return;
    std::uint32_t& kept = values_[static_cast<std::size_t>(found - part_->registers.begin())];
    kept = (kept & ~found->writable) | (value & found->writable);
    const std::uint32_t answers = found->acknowledged << found->acknowledge_shift;
    kept = (kept & ~answers) | (kept & found->acknowledged) << found->acknowledge_shift;
}

void chip_registers::reset() {
    for (std::size_t i = 0; i < values_.size(); ++i)
        if (!part_->debug_domain.has(part_->registers[i].address))
            values_[i] = part_->registers[i].reset;
}

bool chip_registers::trace_reaches_pin() const {
    return std::ranges::all_of(part_->trace_path, [this](const register_bits& bits) {
        return hold(bits);
    });
}

std::uint32_t chip_registers::core_hz(std::uint32_t powered_on) const {
    return part_->core_hz != nullptr ? part_->core_hz(*this, powered_on) : powered_on;
}

std::uint32_t chip_registers::trace_hz(std::uint32_t powered_on) const {
    return part_->trace_hz != nullptr ? part_->trace_hz(*this) : core_hz(powered_on);
}

std::optional<std::size_t> chip_registers::lock_of(std::uint32_t address) const {
    const auto found = std::ranges::find(part_->locked, address & ~(peripheral_page - 1));
    if (found == part_->locked.end()) return std::nullopt;
    return static_cast<std::size_t>(found - part_->locked.begin());
}

bool chip_registers::lock_takes(std::uint32_t address, std::uint32_t value) {
    const auto lock = lock_of(address);
    if (!lock) return false;
    if (address % peripheral_page != lock_access) return !opened_[*lock];
    opened_[*lock] = value == lock_key;
    return true;
}

bool chip_registers::hold(const register_bits& bits) const {
    return (read(bits.address).value_or(0) & bits.mask) == bits.value;
}

} // namespace drone::board
