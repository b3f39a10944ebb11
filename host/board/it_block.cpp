// SPDX-License-Identifier: MIT
#include "board/it_block.hpp"

#include "base/bytes.hpp"

#include <bit>
#include <span>

namespace drone::board {
namespace {

std::uint16_t halfword(const core& processor, std::uint32_t address) {
    const std::span<const std::uint8_t> bytes = processor.memory(address, 2);
    return bytes.empty() ? std::uint16_t{0} : base::load_le<std::uint16_t>(bytes.data());
}

/// A5.1: some halfwords begin an instruction of two.
std::uint32_t instruction_size(const core& processor, std::uint32_t address) {
    return halfword(processor, address) >= 0xE800 ? 4 : 2;
}

/// Instructions that an IT instruction makes conditional, 1..4.
constexpr unsigned it_length(std::uint16_t opcode) {
    return 4U - static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(opcode & 0xFU)));
}

} // namespace

bool may_be_conditional(const core& processor, std::uint32_t address) {
    constexpr std::uint32_t longest_block = 16;
    for (std::uint32_t back = 2; back <= longest_block; back += 2) {
        const std::uint16_t opcode = halfword(processor, address - back);
        if (!is_it(opcode)) continue;
        std::uint32_t at = address - back + 2;
        for (unsigned left = it_length(opcode); left != 0; --left) {
            if (at == address) return true;
            at += instruction_size(processor, at);
        }
    }
    return false;
}

void it_block::open(const core& processor, std::uint32_t address) {
    expected_ = address + 2;
    end_ = expected_;
    for (unsigned left = it_length(halfword(processor, address)); left != 0; --left)
        end_ += instruction_size(processor, end_);
}

unsigned it_block::move_to(const core& processor, std::uint32_t address) {
    if (!is_open()) return 0;
    unsigned skipped = 0;
    if (address > expected_ && address <= end_) {
        for (std::uint32_t at = expected_; at < address; ++skipped)
            at += instruction_size(processor, at);
    }
    if (address < expected_ || address >= end_) close();
    return skipped;
}

} // namespace drone::board
