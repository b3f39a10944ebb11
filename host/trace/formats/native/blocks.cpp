// SPDX-License-Identifier: MIT

#include "trace/formats/native/blocks.hpp"

#include "base/vector_clones.hpp"
#include "trace/formats/native/words.hpp"

namespace drone::trace {

void traced_blocks::clear() {
    asked_ = zeroed_array<request>(count_);
    stretches_ = zeroed_array<std::uint32_t>(count_);
}

namespace {

/// Finds the block of each word, what it is asked for afterwards, nothing when it is given back, and
/// the bits to flip in what it was asked for before, so that a change is left (brief_changes).
/// Returns how many words, from the first on, mean a block that was looked up, and give back none
/// but by its first byte. No branches and no state, so that compilers make vectors of it.
DRONE_VECTOR_CLONES std::size_t find_blocks(
    const std::byte* words,
    std::size_t count,
    const block_map::entry* entries,
    block_number* __restrict numbers,
    request* __restrict after,
    request* __restrict flipped
) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::allocate) == 0);
    static_assert(static_cast<unsigned>(operation::deallocate) == 1);
    static_assert(static_cast<unsigned>(operation::allocate_aligned) == 7);
    constexpr std::uint32_t top_bit = 1U << 31U;
    const auto resolve = [=](std::size_t i) {
        const wire::word w = load_word(words + i * word_bytes);
        const block_map::entry& entry = entries[w.data() / granule];
        const std::uint32_t within = entry.within(w.data());
        // Operations 7, 0, 1 become 0, 1, 2.
        const std::uint32_t takes = (((w.bits + (1U << 29U)) >> 30U) - 1); // all ones, or 0
        numbers[i] = entry.number();
        const std::uint32_t asked = request(within + 1, 2 + (w.bits >> 31U)).bits() & takes;
        after[i] = request(asked);
        flipped[i] = request(asked | (takes & request::taken));
        return within & (~takes | top_bit);
    };
    std::uint32_t odd = 0;
    for (std::size_t i = 0; i < count; ++i)
        odd |= resolve(i);
    if (odd == 0) return count;
    std::size_t i = 0;
    while (resolve(i) == 0)
        ++i;
    return i;
}

} // namespace

std::size_t traced_blocks::follow(
    std::span<const std::byte> words, std::uint32_t stretch, block_number* numbers, request* changes
) {
    const std::size_t count = find_blocks(
        words.data(), words.size() / word_bytes, map_.entries(), numbers, after_.data(), changes
    );
    request* const asked = asked_.data();
    std::uint32_t* const stretches = stretches_.data();
    const request* const afterwards = after_.data();
    // Returns whether the change fits its block; only then it is made.
    const auto follow_one = [=](std::size_t i) {
        const std::size_t number = std::to_underlying(numbers[i]);
        // A free block has no bits. So what is left is live, unless one is taken that is live, or given
        // back that is free.
        const request change(asked[number].bits() ^ changes[i].bits());
        if (change.is_live() == 0) [[unlikely]]
            return false;
        asked[number] = afterwards[i];
        stretches[number] = stretch;
        changes[i] = change;
        return true;
    };
    constexpr std::size_t at_once =
        4; // GCC's own unrolling looks at the end of the loop more often
    std::size_t i = 0;
    for (; i + at_once <= count; i += at_once)
        for (std::size_t k = 0; k < at_once; ++k)
            if (!follow_one(i + k)) return i + k;
    while (i < count && follow_one(i))
        ++i;
    return i;
}

} // namespace drone::trace
