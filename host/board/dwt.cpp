// SPDX-License-Identifier: MIT

#include "board/dwt.hpp"

#include <algorithm>

namespace drone::board {
namespace {

enum : std::uint32_t { ctrl = 0x000, cyccnt = 0x004 };

constexpr std::uint32_t control_fixed = 1U << 24U; // no event counters
constexpr std::uint32_t control_writable = 0x003F'1FFF;
constexpr std::uint32_t pc_sample_enable = 1U << 12U;

} // namespace

std::uint32_t dwt::read(std::uint32_t offset, std::uint64_t now) const {
    if (!powered_) return 0;
    switch (offset) {
    case ctrl:
        return control_ | control_fixed;
    case cyccnt:
        return count(now);
    default:
        return 0;
    }
}

void dwt::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now) {
    if (!powered_) return;
    const std::uint32_t counted = count(now);
    if (offset == ctrl) {
        control_ = value & control_writable;
        set_count(counted, now);
    }
    if (offset == cyccnt) set_count(value, now);
    schedule(now);
}

void dwt::set_powered(bool powered, std::uint64_t now) {
    const std::uint32_t counted = count(now);
    powered_ = powered;
    set_count(counted, now);
    schedule(now);
}

std::optional<std::uint64_t> dwt::next_event() const {
    if (!next_synchronization_) return next_sample_;
    if (!next_sample_) return next_synchronization_;
    return std::min(*next_synchronization_, *next_sample_);
}

dwt::due dwt::take_due(std::uint64_t now) {
    const due result{
        .synchronization = next_synchronization_ && *next_synchronization_ <= now,
        .sample = next_sample_ && *next_sample_ <= now,
    };
    if (result.synchronization || result.sample) schedule(now);
    return result;
}

std::uint32_t dwt::count(std::uint64_t now) const {
    return counting() ? static_cast<std::uint32_t>(now - counted_from_) : stood_at_;
}

void dwt::set_count(std::uint32_t value, std::uint64_t now) {
    stood_at_ = value;
    counted_from_ = now - value;
}

// C1.8.2, C1.8.3: both are taps of CYCCNT, the next one after now.
void dwt::schedule(std::uint64_t now) {
    next_synchronization_.reset();
    next_sample_.reset();
    if (!counting()) return;
    const auto next_multiple = [&](std::uint64_t period) {
        return now + period - (now - counted_from_) % period;
    };
    if (const std::uint32_t tap = control_ >> 10U & 3U; tap != 0) {
        next_synchronization_ = next_multiple(std::uint64_t{1} << (22U + 2U * tap));
    }
    if ((control_ & pc_sample_enable) != 0) {
        const std::uint64_t period = (control_ & 1U << 9U) != 0 ? 1024 : 64;
        next_sample_ = next_multiple(period * ((control_ >> 1U & 0xFU) + 1U));
    }
}

} // namespace drone::board
