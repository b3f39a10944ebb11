// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.hpp"
#include "stream/itm_header.hpp"
#include "stream/packet.hpp"

#include <array>
#include <cstdint>

namespace drone::stream {

/// What a step through a block needs to know of a packet, by its header.
struct block_step {
    std::uint8_t length = 0;   ///< bytes; 0: no packet of a block. A long timestamp has 2 or 3
    std::uint8_t payload = 0;  ///< bytes of a write to a stimulus port, else 0
    bool is_timestamp = false; ///< local
};

inline constexpr auto block_steps = [] {
    std::array<block_step, 256> steps{};
    for (unsigned i = 0; i < steps.size(); ++i) {
        const auto header = static_cast<std::uint8_t>(i);
        const header_kind kind = classify(header);
        if (kind == header_kind::software) {
            steps[i].payload = source_size(header);
            steps[i].length = static_cast<std::uint8_t>(1 + steps[i].payload);
        } else if (kind == header_kind::hardware) {
            steps[i].length = static_cast<std::uint8_t>(1 + source_size(header));
        } else if (kind == header_kind::local_short || kind == header_kind::local) {
            steps[i].length = kind == header_kind::local ? 2 : 1;
            steps[i].is_timestamp = true;
        }
    }
    return steps;
}();

/// One packet of a block.
class block_packet {
public:
    explicit block_packet(const std::uint8_t* at) : at_(at), step_(block_steps[*at]) {}

    [[nodiscard]] std::uint8_t header() const { return *at_; }
    [[nodiscard]] std::size_t length() const {
        return step_.length + std::size_t{is_long() && (at_[1] & 0x80U) != 0};
    }
    [[nodiscard]] bool is_write() const { return step_.payload != 0; }
    [[nodiscard]] bool is_timestamp() const { return step_.is_timestamp; }

    /// Of a write.
    [[nodiscard]] std::uint8_t size() const { return step_.payload; }
    [[nodiscard]] std::uint32_t value() const {
        if (step_.payload == 4) return base::load_le<std::uint32_t>(at_ + 1);
        if (step_.payload == 1) return at_[1];
        return base::load_le<std::uint16_t>(at_ + 1);
    }
    /// Of a timestamp.
    [[nodiscard]] std::uint32_t ticks() const {
        if (!is_long()) return *at_ >> 4U & 7U;
        if ((at_[1] & 0x80U) == 0) return at_[1];
        return (at_[1] & 0x7FU) | static_cast<std::uint32_t>(at_[2]) << 7U;
    }

private:
    [[nodiscard]] bool is_long() const { return step_.is_timestamp && step_.length == 2; }

    const std::uint8_t* at_;
    block_step step_;
};

/// The packet at `at` of the block.
[[nodiscard]] located_packet packet_of(const packet_block& block, const std::uint8_t* at);

} // namespace drone::stream
