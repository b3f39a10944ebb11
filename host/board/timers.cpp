// SPDX-License-Identifier: MIT

#include "board/timers.hpp"

namespace drone::board {
namespace {

enum : std::uint32_t { csr = 0x010, rvr = 0x014, cvr = 0x018, calib = 0x01C };
enum : std::uint32_t {
    cr1 = 0x00,
    dier = 0x0C,
    sr = 0x10,
    egr = 0x14,
    cnt = 0x24,
    psc = 0x28,
    arr = 0x2C
};

constexpr std::uint32_t count_mask = 0x00FF'FFFF;

/// The first time after `now` that lies a whole number of periods after `event`.
std::uint64_t next_after(std::uint64_t event, std::uint64_t now, std::uint64_t period) {
    return event + ((now - event) / period + 1) * period;
}

} // namespace

std::uint32_t systick::read(std::uint32_t offset, std::uint64_t now) {
    switch (offset) {
    case csr: {
        const std::uint32_t value = control_ | (passed_zero_ ? 1U << 16U : 0U);
        passed_zero_ = false;
        return value;
    }
    case rvr:
        return reload_;
    case cvr:
        return zero_at_ ? static_cast<std::uint32_t>((*zero_at_ - now) % period()) : stood_at_;
    case calib:
        return 1U << 31U; // no reference clock
    default:
        return 0;
    }
}

void systick::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now) {
    switch (offset) {
    case csr: {
        const std::uint32_t standing = read(cvr, now);
        control_ = (value & 3U) | 4U; // the processor's clock
        if (enabled() && reload_ != 0) {
            if (!zero_at_) zero_at_ = now + (standing != 0 ? standing : period());
        } else {
            stood_at_ = standing;
            zero_at_.reset();
        }
        break;
    }
    case rvr: {
        reload_ = value & count_mask;
        // A running counter takes the new value when it next passes zero; one that has none stops.
        if (reload_ == 0) zero_at_.reset();
        if (enabled() && reload_ != 0 && !zero_at_) zero_at_ = now + period();
        break;
    }
    case cvr:
        passed_zero_ = false;
        stood_at_ = 0;
        if (zero_at_) zero_at_ = now + period();
        break;
    default:
        break;
    }
}

std::optional<std::uint64_t> systick::next_event() const { return zero_at_; }

bool systick::take_due(std::uint64_t now) {
    if (!zero_at_ || *zero_at_ > now) return false;
    zero_at_ = next_after(*zero_at_, now, period());
    passed_zero_ = true;
    return (control_ & 2U) != 0;
}

std::uint32_t timer::read(std::uint32_t offset, std::uint64_t now) const {
    switch (offset) {
    case cr1:
        return control_;
    case dier:
        return interrupt_enable_;
    case sr:
        return update_flag_ ? 1 : 0;
    case cnt:
        return update_at_
                   ? static_cast<std::uint32_t>(reload_ - (*update_at_ - now - 1) / prescale())
                   : stood_at_;
    case psc:
        return prescaler_;
    case arr:
        return reload_;
    default:
        return 0;
    }
}

void timer::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now) {
    const std::uint32_t standing = read(cnt, now);
    const auto restart = [&](std::uint32_t count) {
        stood_at_ = count;
        if (enabled()) {
            const std::uint64_t left = count <= reload_ ? std::uint64_t{reload_} - count + 1 : 1;
            update_at_ = now + left * prescale();
        } else {
            update_at_.reset();
        }
    };
    switch (offset) {
    case cr1:
        control_ = value & 1U;
        restart(standing);
        break;
    case dier:
        interrupt_enable_ = value & 1U;
        break;
    case sr:
        update_flag_ = update_flag_ && (value & 1U) != 0;
        break;
    case egr:
        if ((value & 1U) == 0) break;
        update_flag_ = true;
        restart(0);
        break;
    case cnt:
        restart(value);
        break;
    case psc:
        prescaler_ = value & 0xFFFFU;
        restart(standing);
        break;
    case arr:
        reload_ = value;
        restart(standing);
        break;
    default:
        break;
    }
}

void timer::take_due(std::uint64_t now) {
    if (!update_at_ || *update_at_ > now) return;
    update_at_ = next_after(*update_at_, now, period());
    update_flag_ = true;
}

bool timer::requests_interrupt() const { return update_flag_ && interrupt_enable_ != 0; }

} // namespace drone::board
