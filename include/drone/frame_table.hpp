// SPDX-License-Identifier: MIT
#pragma once

// The frame table: how far the stack goes up at each call of a program. `drone print frames` makes it
// from the linked program's .debug_frame, a second link puts it into the image, and stack_walk.hpp
// walks with it. The words, in flash:
//
//     base  code_bytes  stack_limit  row_count | rows, ascending | shapes
//
// A row is `(code - base) / 2 << 8 | index of a shape`. It holds for the calls from `code` on, up to
// the next row. A shape is `frame << 16 | slot`, both bytes from the stack pointer at the call: to the
// caller's stack pointer, and to where the return address is. Shape 0: the walk ends here.

#include <drone/language.hpp>

#include <cstddef>
#include <cstdint>

namespace drone::frames {

enum word : std::uint8_t { base, code_bytes, stack_limit, row_count, header_words };

/// Bytes of code, from the base on, that rows can name.
inline constexpr std::uint32_t code_limit = 1U << 25U;
inline constexpr std::size_t shape_limit = 256;
inline constexpr std::uint32_t shape_mask = shape_limit - 1;
/// Bytes of a frame, and its alignment.
inline constexpr std::uint32_t frame_limit = 1U << 16U;
inline constexpr std::uint32_t frame_alignment = 4;

[[nodiscard]] constexpr std::uint32_t make_row(std::uint32_t offset, std::uint32_t shape) noexcept {
    return offset >> 1U << 8U | shape;
}
[[nodiscard]] constexpr std::uint32_t make_shape(std::uint32_t frame, std::uint32_t slot) noexcept {
    return frame << 16U | slot;
}

/// The shape of the frame in which a call returns to `return_address`; 0: there is none. Some 8
/// instructions for each doubling of the rows.
[[nodiscard]] constexpr std::uint32_t
find_shape(const std::uint32_t* table, std::uint32_t return_address) noexcept {
    // Within the call: before the address that it returns to, whose lowest bit may be set.
    const std::uint32_t offset = return_address - 2 - table[base];
    if (offset >= table[code_bytes]) return 0;
    const std::uint32_t key = make_row(offset, shape_mask);
    const std::uint32_t* at = table + header_words;
    std::uint32_t rows = table[row_count];
    const std::uint32_t* const shapes = at + rows;
    while (rows > 1) {
        const std::uint32_t half = rows / 2;
        if (at[half] <= key) at += half;
        rows -= half;
    }
    return *at <= key ? shapes[*at & shape_mask] : 0;
}

} // namespace drone::frames

/// The table; absent in a first link. The number is the version of the words above.
extern "C" [[gnu::weak]] const std::uint32_t drone_frames_1[];
