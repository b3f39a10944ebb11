// SPDX-License-Identifier: MIT

// The board's time: what is due when, and how it passes while the core sleeps.

#include "board/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace drone::board {
namespace {

constexpr unsigned first_timer_interrupt = 28; // TIM2, as on an STM32F4

} // namespace

void virtual_board::serve_devices(bool asleep) {
    const std::uint64_t now = devices_.now;
    while (!injections_.empty() && injections_.front().at <= instructions()) {
        devices_.interrupts.pend(exception::first_interrupt + injections_.front().irq);
        injections_.erase(injections_.begin());
    }
    if (devices_.system_timer.take_due(now)) devices_.interrupts.pend(exception::systick);
    for (unsigned i = 0; i < devices_.timers.size(); ++i) {
        const unsigned number = exception::first_interrupt + first_timer_interrupt + i;
        devices_.timers[i].take_due(now);
        if (devices_.timers[i].requests_interrupt() && !devices_.interrupts.is_active(number)) {
            devices_.interrupts.pend(number);
        }
    }
    const dwt::due due = devices_.watch.take_due(now);
    if (due.synchronization) devices_.trace.synchronize(now, devices_.pin);
    if (due.sample) trace_sample(asleep);
}

// ARMv7-M D4.3.4: the program counter, or a zero for a core that sleeps.
void virtual_board::trace_sample(bool asleep) {
    const std::uint32_t pc = devices_.next_instruction;
    const std::array<std::uint8_t, 5> sample{
        0x17,
        static_cast<std::uint8_t>(pc),
        static_cast<std::uint8_t>(pc >> 8U),
        static_cast<std::uint8_t>(pc >> 16U),
        static_cast<std::uint8_t>(pc >> 24U),
    };
    constexpr std::array<std::uint8_t, 2> sleeping{0x15, 0x00};
    const std::span<const std::uint8_t> packet =
        asleep ? std::span<const std::uint8_t>(sleeping) : sample;
    devices_.trace.hardware_packet(packet, devices_.now, devices_.pin);
}

std::optional<std::uint64_t> virtual_board::next_event() const {
    std::optional<std::uint64_t> first = devices_.watch.next_event();
    const auto consider = [&first](std::optional<std::uint64_t> event) {
        if (event && (!first || *event < *first)) first = event;
    };
    consider(devices_.system_timer.next_event());
    for (const timer& each : devices_.timers)
        consider(each.next_event());
    return first;
}

/// Decides up to when instructions may run without a closer look.
void virtual_board::schedule() {
    due_at_ = std::min(poll_at_, next_event().value_or(poll_at_));
    if (limits_.cycles) due_at_ = std::min(due_at_, *limits_.cycles);
    if (!injections_.empty()) {
        due_at_ = std::min(due_at_, injections_.front().at + devices_.skipped);
    }
    // An exception that only a mask holds back may come with any instruction: masks are written
    // without our seeing it.
    const bool masked = devices_.interrupts.next_unmasked() != exception::none;
    const bool stops_in_ram = limits_.address && flash_offset(*limits_.address) >= flash_size;
    if (masked || stops_in_ram || observes_everything_) due_at_ = 0;
    attention_at_ = due_at_;
}

/// Whether an exception can still become pending by itself and then end a WFI.
bool virtual_board::can_wake() const {
    const auto may_come = [this](unsigned number) {
        return !devices_.interrupts.is_pending(number) && devices_.interrupts.is_enabled(number);
    };
    if (!injections_.empty()) return true;
    if (devices_.system_timer.interrupts() && may_come(exception::systick)) return true;
    for (unsigned i = 0; i < devices_.timers.size(); ++i) {
        const unsigned number = exception::first_interrupt + first_timer_interrupt + i;
        if (devices_.timers[i].interrupts() && may_come(number)) return true;
    }
    return false;
}

std::optional<run_end> virtual_board::sleep() {
    devices_.asleep = true;
    for (;;) {
        // An injection counts instructions, of which none come any more.
        if (!injections_.empty()) {
            devices_.interrupts.pend(exception::first_interrupt + injections_.front().irq);
            injections_.erase(injections_.begin());
        }
        serve_devices(true);
        if (devices_.interrupts.wakes(masks())) {
            devices_.asleep = false;
            return std::nullopt;
        }
        if (!can_wake()) {
            return run_end{
                run_end::kind::idle,
                0,
                fmt::format(
                    "the core sleeps at {:#010x} and nothing is set up to wake it",
                    devices_.next_instruction
                )
            };
        }
        const std::uint64_t then = next_event().value_or(devices_.now);
        if (limits_.cycles && then >= *limits_.cycles) {
            devices_.skipped += *limits_.cycles - std::min(devices_.now, *limits_.cycles);
            devices_.now = std::max(devices_.now, *limits_.cycles);
            why_stopped_ = attention::limit;
            return stopped();
        }
        devices_.skipped += then - devices_.now;
        devices_.now = then;
        if (devices_.now >= poll_at_) {
            if (auto end = poll_listener(); end || reset_wanted_) return end;
        }
    }
}

} // namespace drone::board
