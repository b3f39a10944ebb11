// SPDX-License-Identifier: MIT

#include "trace/formats/native/words.hpp"

namespace drone::trace {

namespace {

/// 0 when the word takes or gives back a byte below `end` and has the number that is in
/// `number` where words have it. No comparisons, so that compilers make vectors of it.
std::uint32_t oddity(wire::word w, std::uint32_t number, std::uint32_t end) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::allocate_aligned) == 7);
    static_assert(static_cast<unsigned>(operation::allocate) == 0);
    static_assert(static_cast<unsigned>(operation::deallocate) == 1);
    constexpr std::uint32_t top_bit = 0x8000'0000;
    // Operations 7, 0, 1 become 0, 1, 2; the others have the top bit, or both bits below it.
    const std::uint32_t op = w.bits + 0x2000'0000;
    const std::uint32_t other = op | (op << 1U & op << 2U);
    const std::uint32_t below_end = w.data() - end; // has the top bit
    return ((w.bits ^ number) & 0x1F00'0000U) | ((other | ~below_end) & top_bit);
}

} // namespace

std::size_t
count_numbered(std::span<const std::byte> words, std::uint32_t first, std::uint32_t end) {
    constexpr std::uint32_t period = wire::sequence_period;
    const std::size_t count = words.size() / word_bytes;
    const auto oddity_at = [&](std::size_t i, std::uint32_t number) {
        return oddity(load_word(words.data() + i * word_bytes), number << 24U, end);
    };
    std::size_t i = 0;
    for (; i + period <= count; i += period) {
        std::uint32_t odd = 0;
        for (std::uint32_t k = 0; k < period; ++k)
            odd |= oddity_at(i + k, first + k);
        if (odd != 0) break;
    }
    while (i < count && oddity_at(i, first + static_cast<std::uint32_t>(i)) == 0)
        ++i;
    return i;
}

} // namespace drone::trace
