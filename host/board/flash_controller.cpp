// SPDX-License-Identifier: MIT

#include "board/flash_controller.hpp"

#include "board/memory_map.hpp"

#include <algorithm>
#include <utility>

namespace drone::board {
namespace {

constexpr std::uint32_t first_key = 0x4567'0123;
constexpr std::uint32_t second_key = 0xCDEF'89AB;

// Of an STM32F4 (RM0090, 3.9.4).
constexpr std::uint32_t parallelism_error = 1U << 6U;
constexpr std::uint32_t sequence_error = 1U << 7U;

/// Sectors of an STM32F4: 0..3 of 16 KiB, 4 of 64 KiB, 5 and above of 128 KiB.
flash_controller::range sector(std::uint32_t number) {
    constexpr std::uint32_t kib = 1024;
    if (number < 4) return {number * 16 * kib, 16 * kib};
    if (number == 4) return {64 * kib, 64 * kib};
    return {(number - 4) * 128 * kib, 128 * kib};
}

// nRF52 NVMC (product specification 4.3): the register that says what is allowed is `control`.
enum nordic : std::uint32_t {
    ready = 0x400,
    ready_next = 0x408,
    config = 0x504,
    erase_page = 0x508,
    erase_all = 0x50C,
    write_enabled = 1,
    erase_enabled = 2,
};
constexpr std::uint32_t nordic_page = 4096;

} // namespace

flash_controller::flash_controller(const flash_layout& layout)
    : layout_(&layout), control_(layout.lock) {}

std::uint32_t flash_controller::read(std::uint32_t address) const {
    const std::uint32_t offset = address - layout_->base;
    if (layout_->is_nordic) {
        if (offset == config) return control_;
        return offset == ready || offset == ready_next ? 1U : 0U;
    }
    if (offset == 0) return latency_;
    if (offset == layout_->status) return status_;
    if (offset == layout_->control) return control_;
    return offset == layout_->options ? layout_->options_value : 0;
}

std::optional<flash_controller::range>
flash_controller::write(std::uint32_t address, std::uint32_t value) {
    const std::uint32_t offset = address - layout_->base;
    if (layout_->is_nordic) return write_nordic(offset, value);
    if (offset == 0) {
        latency_ = value & 0x1F3FU;
    } else if (offset == layout_->keys) {
        const bool second = std::exchange(first_key_given_, value == first_key);
        if (second && value == second_key && !refuses_keys_) control_ &= ~layout_->lock;
        refuses_keys_ = refuses_keys_ || value != (second ? second_key : first_key);
    } else if (offset == (layout_->clear != 0 ? layout_->clear : layout_->status)) {
        status_ &= ~value;
    } else if (offset == layout_->address && layout_->address != 0) {
        address_ = value;
    } else if (offset == layout_->control && unlocked()) {
        control_ = value & layout_->writable & ~layout_->start;
        if ((value & layout_->start) != 0) return erased();
    }
    return std::nullopt;
}

std::optional<flash_controller::range> flash_controller::erased() {
    if ((control_ & layout_->erase_all) != 0) return range{0, flash_size};
    const std::uint32_t number = control_ >> layout_->number_shift & layout_->number_mask;
    range found = sector(number);
    if (layout_->page_bytes != 0) {
        const std::uint32_t bank =
            (control_ & layout_->second_bank) != 0 ? layout_->bank_bytes : 0U;
        found = {bank + number * layout_->page_bytes, layout_->page_bytes};
    }
    if (layout_->address != 0)
        found = {(address_ - flash_origin) & ~(layout_->page_bytes - 1), layout_->page_bytes};
    if ((control_ & layout_->erase) != 0 && found.begin < flash_size &&
        found.size <= flash_size - found.begin)
        return found;
    status_ |= sequence_error;
    return std::nullopt;
}

std::optional<flash_controller::range>
flash_controller::write_nordic(std::uint32_t offset, std::uint32_t value) {
    if (offset == config) control_ = value & 3U;
    if ((control_ & erase_enabled) == 0) return std::nullopt;
    if (offset == erase_all && value == 1) return range{0, flash_size};
    if (offset == erase_page && value < flash_size)
        return range{value & ~(nordic_page - 1), nordic_page};
    return std::nullopt;
}

// RM0090, 3.6.3: an STM32F4's PSIZE says how wide a write is.
bool flash_controller::accepts(unsigned size) {
    if (layout_->is_nordic) return size == 4 && (control_ & write_enabled) != 0;
    if (!unlocked() || !programs()) {
        status_ |= sequence_error;
        return false;
    }
    if (layout_->page_bytes == 0 && size != 1U << std::min(control_ >> 8U & 3U, 2U)) {
        status_ |= parallelism_error;
        return false;
    }
    return true;
}

} // namespace drone::board
