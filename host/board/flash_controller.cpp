// SPDX-License-Identifier: MIT

#include "board/flash_controller.hpp"

#include <algorithm>
#include <utility>

namespace drone::board {
namespace {

enum : std::uint32_t { acr = 0x00, keyr = 0x04, sr = 0x0C, cr = 0x10, optcr = 0x14 };

constexpr std::uint32_t first_key = 0x4567'0123;
constexpr std::uint32_t second_key = 0xCDEF'89AB;

constexpr std::uint32_t sector_erase = 1U << 1U;
constexpr std::uint32_t mass_erase = 1U << 2U;
constexpr std::uint32_t start = 1U << 16U;
constexpr std::uint32_t lock = 1U << 31U;
constexpr std::uint32_t control_writable = 0x8300'837F;

constexpr std::uint32_t parallelism_error = 1U << 6U;
constexpr std::uint32_t sequence_error = 1U << 7U;
constexpr std::uint32_t status_clearable = 0xF3;

/// Sectors 0..3 of 16 KiB, 4 of 64 KiB, 5 and above of 128 KiB.
flash_controller::range sector(std::uint32_t number) {
    constexpr std::uint32_t kib = 1024;
    if (number < 4) return {number * 16 * kib, 16 * kib};
    if (number == 4) return {64 * kib, 64 * kib};
    return {(number - 4) * 128 * kib, 128 * kib};
}

} // namespace

std::uint32_t flash_controller::read(std::uint32_t offset) const {
    switch (offset) {
    case acr:
        return latency_;
    case sr:
        return status_;
    case cr:
        return control_;
    case optcr:
        return 0x0FFF'AAED;
    default:
        return 0;
    }
}

std::optional<flash_controller::range>
flash_controller::write(std::uint32_t offset, std::uint32_t value, std::uint32_t flash_size) {
    switch (offset) {
    case acr:
        latency_ = value & 0x1F0FU;
        break;
    case keyr: {
        const bool second = std::exchange(first_key_given_, value == first_key);
        if (second && value == second_key && !refuses_keys_) control_ &= ~lock;
        refuses_keys_ = refuses_keys_ || value != (second ? second_key : first_key);
        break;
    }
    case sr:
        status_ &= ~(value & status_clearable);
        break;
    case cr: {
        if (!unlocked()) break;
        control_ = value & control_writable;
        if ((value & start) == 0) break;
        if ((control_ & mass_erase) != 0) return range{0, flash_size};
        const range erased = sector(control_ >> 3U & 0xFU);
        if ((control_ & sector_erase) != 0 && erased.begin + erased.size <= flash_size)
            return erased;
        status_ |= sequence_error;
        break;
    }
    default:
        break;
    }
    return std::nullopt;
}

// 3.6.3: PSIZE says how wide a write is.
bool flash_controller::accepts(unsigned size) {
    if (!unlocked() || !programs()) {
        status_ |= sequence_error;
        return false;
    }
    if (size != 1U << std::min(control_ >> 8U & 3U, 2U)) {
        status_ |= parallelism_error;
        return false;
    }
    return true;
}

} // namespace drone::board
