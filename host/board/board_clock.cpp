// SPDX-License-Identifier: MIT
#include "board/board_clock.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace drone::board {
namespace {

constexpr unsigned first_timer_interrupt = 28; // TIM2, as on an STM32F4

constexpr unsigned timer_exception(unsigned timer) {
    return exception::first_interrupt + first_timer_interrupt + timer;
}

// ARMv7-M D4.3.4: the program counter, or a zero for a core that sleeps.
void trace_sample(peripherals& devices, bool asleep) {
    const std::uint32_t pc = devices.next_instruction;
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
    devices.trace.hardware_packet(packet, devices.now, devices.pin);
}

} // namespace

void board_clock::pend_at(std::uint64_t instructions, unsigned irq) {
    const auto place = std::ranges::upper_bound(injections_, instructions, {}, &injection::at);
    injections_.insert(place, {instructions, irq});
    look_now();
}

void board_clock::inject_first() {
    devices_.interrupts.pend(exception::first_interrupt + injections_.front().irq);
    injections_.erase(injections_.begin());
}

void board_clock::serve(bool asleep) {
    const std::uint64_t now = devices_.now;
    while (!injections_.empty() && injections_.front().at <= devices_.instructions())
        inject_first();
    if (devices_.system_timer.take_due(now)) devices_.interrupts.pend(exception::systick);
    for (unsigned i = 0; i < devices_.timers.size(); ++i) {
        const unsigned number = timer_exception(i);
        devices_.timers[i].take_due(now);
        if (devices_.timers[i].requests_interrupt() && !devices_.interrupts.is_active(number)) {
            devices_.interrupts.pend(number);
        }
    }
    const dwt::due due = devices_.watch.take_due(now);
    if (due.synchronization) devices_.trace.synchronize(now, devices_.pin);
    if (due.sample) trace_sample(devices_, asleep);
}

std::optional<std::uint64_t> board_clock::next_event() const {
    std::optional<std::uint64_t> first = devices_.watch.next_event();
    const auto consider = [&first](std::optional<std::uint64_t> event) {
        if (event && (!first || *event < *first)) first = event;
    };
    consider(devices_.system_timer.next_event());
    for (const timer& each : devices_.timers)
        consider(each.next_event());
    return first;
}

void board_clock::schedule(std::optional<std::uint64_t> limit) {
    due_at_ = std::min(poll_at_, next_event().value_or(poll_at_));
    if (limit) due_at_ = std::min(due_at_, *limit);
    if (!injections_.empty()) {
        due_at_ = std::min(due_at_, injections_.front().at + devices_.skipped);
    }
    // An exception that only a mask holds back may come with any instruction: masks are written
    // without our seeing it.
    if (devices_.interrupts.next_unmasked() != exception::none) due_at_ = 0;
    attention_at_ = due_at_;
}

/// Whether an exception can still become pending by itself and then end a WFI.
bool board_clock::can_wake() const {
    const auto may_come = [this](unsigned number) {
        return !devices_.interrupts.is_pending(number) && devices_.interrupts.is_enabled(number);
    };
    if (!injections_.empty()) return true;
    if (devices_.system_timer.interrupts() && may_come(exception::systick)) return true;
    for (unsigned i = 0; i < devices_.timers.size(); ++i) {
        if (devices_.timers[i].interrupts() && may_come(timer_exception(i))) return true;
    }
    return false;
}

board_clock::waking
board_clock::sleep(const exception_masks& masks, std::optional<std::uint64_t> limit) {
    for (;;) {
        // An injection counts instructions, of which none come any more.
        if (!injections_.empty()) inject_first();
        serve(true);
        if (devices_.interrupts.wakes(masks)) return waking::by_exception;
        if (!can_wake()) return waking::never;
        const std::uint64_t then = next_event().value_or(devices_.now);
        if (limit && then >= *limit) {
            devices_.skip_to(std::max(devices_.now, *limit));
            return waking::limit;
        }
        devices_.skip_to(then);
        if (is_poll_due()) return waking::poll;
    }
}

// A loop that waits for the FIFO does nothing else until a byte leaves it or an event comes, so
// time may skip to there, as in WFI. Only a tight loop of several reads is taken for one: code that
// looks once and drops its packet must not gain time by looking.
void board_clock::skip_polling(bool ready, std::optional<std::uint64_t> limit) {
    constexpr std::uint64_t longest_loop_cycles = 24;
    constexpr unsigned reads_of_a_loop = 8;
    const bool continues = !ready && devices_.now - fifo_read_at_ <= longest_loop_cycles;
    fifo_reads_ = continues ? fifo_reads_ + 1 : 0;
    fifo_read_at_ = devices_.now;
    const auto then = devices_.trace.next_byte_at();
    if (fifo_reads_ < reads_of_a_loop || !then) return;
    std::uint64_t to = std::min(*then, next_event().value_or(*then));
    if (limit) to = std::min(to, *limit);
    if (to <= devices_.now) return;
    devices_.skip_to(to);
    fifo_read_at_ = to;
}

} // namespace drone::board
