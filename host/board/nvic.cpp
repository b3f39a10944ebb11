// SPDX-License-Identifier: MIT

#include "board/nvic.hpp"

#include <algorithm>
#include <cstring>

namespace drone::board {
namespace {

enum : std::uint32_t {
    ictr = 0x004,
    iser = 0x100,
    icer = 0x180,
    ispr = 0x200,
    icpr = 0x280,
    iabr = 0x300,
    ipr = 0x400,
    cpuid = 0xD00,
    icsr = 0xD04,
    vtor = 0xD08,
    aircr = 0xD0C,
    scr = 0xD10,
    ccr = 0xD14,
    shpr1 = 0xD18,
    shpr3 = 0xD20,
    shcsr = 0xD24,
    cfsr = 0xD28,
    hfsr = 0xD2C,
    mmfar = 0xD34,
    bfar = 0xD38,
    stir = 0xF00,
};

constexpr std::uint32_t words = nvic::interrupt_count / 32;
constexpr std::uint8_t priority_bits = 0xF0;

/// Where a block of registers, one bit an interrupt, holds an offset: the word's number.
std::optional<std::uint32_t> word_of(std::uint32_t block, std::uint32_t offset) {
    if (offset < block || offset >= block + 4 * words) return std::nullopt;
    return (offset - block) / 4;
}

template <class Flags>
std::uint32_t gather(const Flags& flags, std::uint32_t word) {
    std::uint32_t value = 0;
    for (unsigned bit = 0; bit < 32; ++bit)
        value |= std::uint32_t{flags[exception::first_interrupt + word * 32 + bit]} << bit;
    return value;
}

template <class Flags>
void scatter(Flags& flags, std::uint32_t word, std::uint32_t value, bool to) {
    for (unsigned bit = 0; bit < 32; ++bit) {
        if ((value >> bit & 1U) != 0) flags[exception::first_interrupt + word * 32 + bit] = to;
    }
}

} // namespace

std::optional<std::uint32_t> nvic::read(std::uint32_t offset) const {
    for (const std::uint32_t block : {iser, icer}) {
        if (const auto word = word_of(block, offset)) return gather(enabled_, *word);
    }
    for (const std::uint32_t block : {ispr, icpr}) {
        if (const auto word = word_of(block, offset)) return gather(pending_, *word);
    }
    if (const auto word = word_of(iabr, offset)) return gather(active_, *word);
    if (offset >= ipr && offset < ipr + interrupt_count) {
        return priority_word(exception::first_interrupt + offset - ipr);
    }
    if (offset >= shpr1 && offset <= shpr3) return priority_word(4 + offset - shpr1);
    switch (offset) {
    case ictr:
        return words - 1;
    case cpuid:
        return core_id_;
    case icsr:
        return interrupt_control_state();
    case vtor:
        return vector_table_;
    case aircr:
        return 0xFA05'0000 | priority_grouping_ << 8U;
    case scr:
        return system_control_;
    case ccr:
        return configuration_;
    case shcsr:
        return handler_control_;
    case cfsr:
        return configurable_faults_;
    case hfsr:
        return hard_faults_;
    case mmfar:
    case bfar:
        return fault_address_;
    default:
        return std::nullopt;
    }
}

bool nvic::write(std::uint32_t offset, std::uint32_t value) {
    if (write_interrupt_block(offset, value)) return true;
    if (offset >= shpr1 && offset <= shpr3) {
        set_priority_word(4 + offset - shpr1, value);
        return true;
    }
    switch (offset) {
    case icsr:
        write_interrupt_control_state(value);
        return true;
    case vtor:
        vector_table_ = value & ~0x7FU;
        return true;
    case aircr:
        if (value >> 16U != 0x05FA) return true;
        priority_grouping_ = value >> 8U & 7U;
        reset_requested_ = reset_requested_ || (value & 4U) != 0;
        return true;
    case scr:
        system_control_ = value & 0x16U;
        return true;
    case ccr:
        configuration_ = value & 0x31BU;
        return true;
    case shcsr:
        handler_control_ = value & 0x7'0000U;
        return true;
    case cfsr:
        configurable_faults_ &= ~value;
        return true;
    case hfsr:
        hard_faults_ &= ~value;
        return true;
    case stir:
        if ((value & 0x1FFU) < interrupt_count) pend(exception::first_interrupt + (value & 0x1FFU));
        return true;
    default:
        return read(offset).has_value();
    }
}

bool nvic::write_interrupt_block(std::uint32_t offset, std::uint32_t value) {
    if (const auto word = word_of(iser, offset)) return scatter(enabled_, *word, value, true), true;
    if (const auto word = word_of(icer, offset))
        return scatter(enabled_, *word, value, false), true;
    if (const auto word = word_of(ispr, offset)) return scatter(pending_, *word, value, true), true;
    if (const auto word = word_of(icpr, offset))
        return scatter(pending_, *word, value, false), true;
    if (offset < ipr || offset >= ipr + interrupt_count) return false;
    set_priority_word(exception::first_interrupt + offset - ipr, value);
    return true;
}

unsigned nvic::next(const exception_masks& masks) const {
    const unsigned number = highest_pending();
    return number != exception::none && can_enter(number, masks) ? number : exception::none;
}

bool nvic::can_enter(unsigned number, const exception_masks& masks) const {
    return group_priority(priority(number)) < running_priority(masks);
}

bool nvic::wakes(exception_masks masks) const {
    masks.primask = false;
    return next(masks) != exception::none;
}

void nvic::enter(unsigned number) {
    pending_[number] = false;
    active_[number] = true;
    nesting_.push_back(number);
}

void nvic::leave(unsigned number) {
    active_[number] = false;
    std::erase(nesting_, number);
}

bool nvic::fault_enabled(unsigned number) const {
    return (handler_control_ >> (number + 12U) & 1U) != 0;
}

void nvic::note_fault(std::uint32_t configurable, std::uint32_t hard) {
    configurable_faults_ |= configurable;
    hard_faults_ |= hard;
}

bool nvic::take_reset_request() {
    const bool requested = reset_requested_;
    reset_requested_ = false;
    return requested;
}

int nvic::priority(unsigned number) const {
    if (number == exception::nmi) return -2;
    if (number == exception::hard_fault) return -1;
    return priority_[number];
}

// B1.5.4: only the group part preempts.
int nvic::group_priority(int priority) const {
    if (priority < 0) return priority;
    return static_cast<int>(static_cast<unsigned>(priority) & 0xFFU << (priority_grouping_ + 1U));
}

int nvic::running_priority(const exception_masks& masks) const {
    int running = thread_priority;
    for (const unsigned number : nesting_)
        running = std::min(running, group_priority(priority(number)));
    if (masks.basepri != 0) running = std::min(running, group_priority(masks.basepri));
    if (masks.primask) running = std::min(running, 0);
    if (masks.faultmask) running = std::min(running, -1);
    return running;
}

unsigned nvic::highest_pending() const {
    // Nearly always nothing is, and this is asked often.
    if (std::memchr(pending_.data(), 1, pending_.size()) == nullptr) return exception::none;
    unsigned best = exception::none;
    for (unsigned number = exception::nmi; number < exception_count; ++number) {
        if (!pending_[number] || !enabled_[number]) continue;
        if (best == exception::none || priority(number) < priority(best)) best = number;
    }
    return best;
}

std::uint32_t nvic::interrupt_control_state() const {
    const auto any_interrupt =
        std::find(pending_.begin() + exception::first_interrupt, pending_.end(), true);
    return std::uint32_t{pending_[exception::nmi]} << 31U |
           std::uint32_t{pending_[exception::pend_sv]} << 28U |
           std::uint32_t{pending_[exception::systick]} << 26U |
           std::uint32_t{any_interrupt != pending_.end()} << 22U | highest_pending() << 12U |
           std::uint32_t{nesting_.size() <= 1} << 11U | (nesting_.empty() ? 0 : nesting_.back());
}

void nvic::write_interrupt_control_state(std::uint32_t value) {
    if ((value >> 31U & 1U) != 0) pend(exception::nmi);
    if ((value >> 28U & 1U) != 0) pend(exception::pend_sv);
    if ((value >> 27U & 1U) != 0) clear_pending(exception::pend_sv);
    if ((value >> 26U & 1U) != 0) pend(exception::systick);
    if ((value >> 25U & 1U) != 0) clear_pending(exception::systick);
}

std::uint32_t nvic::priority_word(unsigned first) const {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i)
        value |= std::uint32_t{priority_[first + i]} << 8U * i;
    return value;
}

void nvic::set_priority_word(unsigned first, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i)
        priority_[first + i] = static_cast<std::uint8_t>(value >> 8U * i) & priority_bits;
}

} // namespace drone::board
