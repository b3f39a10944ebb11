// SPDX-License-Identifier: MIT
#pragma once

// Events of blocks whose layout is not known: of a region, or of a heap that is not ours. Part of the
// wire format (wire.hpp).

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>

namespace drone::wire {

/// An allocation or a resize in a region, as start and size in the data of one word. The start of the
/// block counts in units. Data below `first` are of the pools. A deallocation is the offset of the
/// block's first byte, there as here.
///
///     data = first + start + units * code      code: size - 1, or size_limit: see the word before
///
/// Example: a heap of 64 KiB, no pools, units of 8 bytes. 100 bytes at offset 4,096 are
/// 512 + 8,192 * 99 = 811,520 = 0xC6200. Sizes up to 2,047 bytes fit; a larger one is in a `size`
/// word before the event, in which code is size_limit.
class region_code {
public:
    /// The start and size that the data of a word has.
    struct place {
        std::uint32_t offset = 0; ///< of the first byte in the heap
        std::uint32_t size = 0;   ///< bytes asked for; 0: in the `size` word before
    };

    /// Largest unit, bytes; of a heap with a smaller alignment, that alignment.
    static constexpr std::uint32_t unit_limit = 8;

    /// Of the region from `first` on in a heap of `heap_size` bytes with this alignment. Requires
    /// first < heap_size <= heap_size_limit, and that alignment is a power of two.
    constexpr region_code(
        std::uint32_t first, std::uint32_t heap_size, std::uint32_t alignment
    ) noexcept
        : first_(first), unit_(alignment < unit_limit ? alignment : unit_limit),
          units_((heap_size - first + unit_ - 1) / unit_),
          size_limit_((heap_size_limit - first) / units_ - 1) {}

    /// Largest size, bytes, that needs no word of its own.
    [[nodiscard]] constexpr std::uint32_t size_limit() const noexcept { return size_limit_; }
    [[nodiscard]] constexpr std::uint32_t first() const noexcept { return first_; }

    /// Data of the block at `offset`, a multiple of the unit after `first`. A size of 0 counts as 1.
    [[nodiscard]] constexpr std::uint32_t
    encode(std::uint32_t offset, std::size_t size) const noexcept {
        const std::uint32_t code = size > size_limit_ ? size_limit_
                                   : size == 0        ? 0
                                                      : static_cast<std::uint32_t>(size) - 1;
        return first_ + (offset - first_) / unit_ + units_ * code;
    }

    /// Requires data of at least first().
    [[nodiscard]] constexpr place decode(std::uint32_t data) const noexcept {
        const std::uint32_t code = (data - first_) / units_;
        const std::uint32_t start = (data - first_) % units_;
        return {first_ + start * unit_, code < size_limit_ ? code + 1 : 0};
    }

private:
    std::uint32_t first_;
    std::uint32_t unit_;
    std::uint32_t units_;
    std::uint32_t size_limit_; ///< codes below it are sizes
};

} // namespace drone::wire
