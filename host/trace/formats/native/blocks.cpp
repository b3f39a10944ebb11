// SPDX-License-Identifier: MIT

#include "trace/formats/native/blocks.hpp"

#include "trace/formats/native/words.hpp"

namespace drone::trace {

void traced_blocks::clear() {
    asked_.assign(map_.block_count(), {});
    stretches_.assign(map_.block_count(), 0);
}

std::size_t traced_blocks::follow(
    std::span<const std::byte> words,
    std::uint32_t stretch,
    std::uint32_t& digest,
    brief_change* changes
) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::allocate) == 0);
    static_assert(static_cast<unsigned>(operation::deallocate) == 1);
    static_assert(static_cast<unsigned>(operation::allocate_aligned) == 7);
    const block_map::place* const places = map_.places().data();
    request* const asked = asked_.data();
    std::uint32_t* const stretches = stretches_.data();
    std::uint32_t sum = digest;
    const std::size_t count = words.size() / word_bytes;
    std::size_t i = 0;
    for (; i < count; ++i) {
        const wire::word w = load_word(&words[i * word_bytes]);
        const block_map::place& place = places[w.data() / granule];
        const std::uint32_t block = place.block;
        const std::uint32_t within = w.data() - place.first_byte;
        const request before = asked[block];
        // Arithmetic, for neither operation, block nor size can be predicted. Operations 7, 0, 1
        // become 0, 1, 2.
        const std::uint32_t gives_back = (w.bits + (1U << 29U)) >> 30U;
        const std::uint32_t most_within = gives_back - 1; // 0, or any
        if (before.is_live() != gives_back || within > most_within) [[unlikely]]
            break;
        const request fresh(within + 1, 2 + (w.bits >> 31U));
        const request after(fresh.bits() & most_within);
        asked[block] = after;
        stretches[block] = stretch;
        changes[i] = {block, request(before.bits() | after.bits()), gives_back};
        sum = wire::digest(sum, w);
    }
    digest = sum;
    return i;
}

} // namespace drone::trace
