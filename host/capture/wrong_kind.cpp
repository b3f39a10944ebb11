// SPDX-License-Identifier: MIT
#include "capture/wrong_kind.hpp"

#include "stream/likeness.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drone::capture {

namespace {

/// Bytes below which nothing is said, and below which noise is not called that.
constexpr std::size_t least_sample = 64;
constexpr std::size_t least_for_noise = 1024;

} // namespace

void wrong_kind::look_at(std::span<const std::uint8_t> bytes) {
    bytes_ += bytes.size();
    const std::size_t more = std::min(bytes.size(), sample_bytes - sample_.size());
    const auto part = bytes.first(more);
    sample_.insert(sample_.end(), part.begin(), part.end());
}

std::optional<std::string> wrong_kind::remark(std::uint64_t malformed) const {
    if (sample_.size() < least_sample || stream::makes_sense(read_as_, sample_))
        return std::nullopt;
    const stream::likeness seen = stream::look_at(read_as_, sample_);
    const std::string what = fmt::format(
        "this does not look like {}: its first {} bytes would be {} packets, {} of them senseless, to "
        "{} different ports",
        stream::in_words(read_as_),
        sample_.size(),
        seen.packets,
        seen.nonsense,
        seen.ports
    );
    const auto other = stream::guess_format(sample_);
    // A short capture that begins inside a packet may look like noise and be none.
    const bool enough = sample_.size() >= least_for_noise || 2 * malformed > bytes_;
    if (!other && !enough) return std::nullopt;
    if (!other) return what + "; check the baud rate, its clock, and --format";
    return fmt::format(
        "{}; it looks like {}: try --format {}", what, in_words(*other), spelling(*other)
    );
}

} // namespace drone::capture
