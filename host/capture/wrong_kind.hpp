// SPDX-License-Identifier: MIT
#pragma once

#include "capture/sink.hpp"
#include "stream/decoder.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drone::capture {

/// Notices that a capture is read as what it is not: frames read as bare packets, packets read as
/// frames, the frames of another ID, a line at another baud rate.
class wrong_kind {
public:
    explicit wrong_kind(const stream::format& read_as) : read_as_(read_as) {}

    /// The bytes of the capture, as they come; the first few are kept.
    void look_at(std::span<const std::uint8_t> bytes);
    /// After the last byte: what the user should know. `malformed` bytes of all were in no packet.
    [[nodiscard]] std::optional<std::string> remark(std::uint64_t malformed) const;

private:
    static constexpr std::size_t sample_bytes = 4096;

    stream::format read_as_;
    std::vector<std::uint8_t> sample_;
    std::uint64_t bytes_ = 0;
};

} // namespace drone::capture
