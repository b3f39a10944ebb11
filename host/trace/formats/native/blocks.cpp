// SPDX-License-Identifier: MIT

#include "trace/formats/native/blocks.hpp"

#include "trace/formats/native/words.hpp"

namespace drone::trace {

void traced_blocks::clear() {
    asked_ = zeroed_array<request>(count_);
    stretches_ = zeroed_array<std::uint32_t>(count_);
}

std::size_t traced_blocks::follow(
    std::span<const std::byte> words, std::uint32_t stretch, brief_change* changes
) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::allocate) == 0);
    static_assert(static_cast<unsigned>(operation::deallocate) == 1);
    static_assert(static_cast<unsigned>(operation::allocate_aligned) == 7);
    const block_map::entry* const entries = map_.entries();
    request* const asked = asked_.data();
    std::uint32_t* const stretches = stretches_.data();
    const std::size_t count = words.size() / word_bytes;
    std::size_t i = 0;
    for (; i < count; ++i) {
        const wire::word w = load_word(&words[i * word_bytes]);
        const block_map::entry& entry = entries[w.data() / granule];
        const std::size_t number = std::to_underlying(entry.number());
        const std::uint32_t within = entry.within(w.data());
        const request before = asked[number];
        // Arithmetic, for neither operation, block nor size can be predicted. Operations 7, 0, 1
        // become 0, 1, 2.
        const std::uint32_t gives_back = (w.bits + (1U << 29U)) >> 30U;
        const std::uint32_t takes = gives_back - 1; // all ones, or 0
        if (before.is_live() != gives_back || within > takes >> 1U) [[unlikely]]
            break;
        const request fresh(within + 1, 2 + (w.bits >> 31U));
        const request after(fresh.bits() & takes);
        asked[number] = after;
        stretches[number] = stretch;
        changes[i] = {entry.number(), request(before.bits() | after.bits()), gives_back};
    }
    return i;
}

} // namespace drone::trace
