// SPDX-License-Identifier: MIT

#include "trace/formats/native/words.hpp"

#include "base/vector_clones.hpp"

#include <bit>
#include <cstring>

namespace drone::trace {

namespace {

/// 0 when the word takes or gives back a byte below `end` and has the number that is in
/// `number` where words have it. No branches, so that compilers make vectors of it.
std::uint32_t oddity(wire::word w, std::uint32_t number, std::uint32_t end) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::allocate_aligned) == 7);
    static_assert(static_cast<unsigned>(operation::allocate) == 0);
    static_assert(static_cast<unsigned>(operation::deallocate) == 1);
    // Operations 7, 0, 1 become the three least, as signed numbers.
    const auto op = static_cast<std::int32_t>(w.bits + 0x2000'0000 + 0x8000'0000);
    constexpr std::int32_t others = INT32_MIN + 3 * 0x2000'0000;
    const std::uint32_t is_other = op >= others ? ~0U : 0U;
    const auto data = static_cast<std::int32_t>(w.data());
    const std::uint32_t is_beyond = data >= static_cast<std::int32_t>(end) ? ~0U : 0U;
    return ((w.bits ^ number) & 0x1F00'0000U) | is_other | is_beyond;
}

} // namespace

DRONE_VECTOR_CLONES std::size_t
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

DRONE_VECTOR_CLONES plain_words count_plain(std::span<const std::byte> words) {
    using wire::operation;
    static_assert(static_cast<unsigned>(operation::control) == 5);
    static_assert(static_cast<unsigned>(operation::capture) == 6);
    constexpr std::size_t at_once = 64;
    const auto operation_at = [&](std::size_t i) {
        return load_word(words.data() + i * word_bytes).bits >> 29U;
    };
    const auto is_odd = [](std::uint32_t op) { return op - 5 < 2 ? 1U : 0U; };
    const auto is_caller = [](std::uint32_t op) { return op == 4 ? 1U : 0U; };
    const std::size_t count = words.size() / word_bytes;
    plain_words found;
    if (count == 0 || is_odd(operation_at(0)) != 0) return found;
    for (; found.count + at_once <= count; found.count += at_once) {
        std::uint32_t odd = 0;
        std::uint32_t callers = 0;
        for (std::size_t k = 0; k < at_once; ++k) {
            const std::uint32_t op = operation_at(found.count + k);
            odd |= is_odd(op);
            callers += is_caller(op);
        }
        if (odd != 0) break;
        found.callers += callers;
    }
    for (; found.count < count; ++found.count) {
        const std::uint32_t op = operation_at(found.count);
        if (is_odd(op) != 0) break;
        found.callers += is_caller(op);
    }
    return found;
}

// -- The digest -----------------------------------------------------------------------------------

namespace {

/// The digest is linear, so sums of stretches of words that were made apart can be joined: the sum
/// of the first goes on as if the words of the second were 0, and the other is added.
constexpr std::size_t lanes = 4;
constexpr std::size_t lane_words = 64;

using lane_sums [[gnu::vector_size(lanes * word_bytes)]] = std::uint32_t;

using matrix = std::array<std::uint32_t, 32>;

/// What becomes of each bit of a sum after as many words as a lane has, all of them 0.
constexpr matrix after_a_lane = [] {
    matrix m{};
    for (std::size_t bit = 0; bit < m.size(); ++bit) {
        m[bit] = 1U << bit;
        for (std::size_t i = 0; i < lane_words; ++i)
            m[bit] = wire::digest(m[bit], {});
    }
    return m;
}();

lane_sums load_four(const std::byte* at) {
    lane_sums words;
    std::memcpy(&words, at, sizeof words);
    return words;
}

/// The sums of four stretches of words, side by side. Part of digest(), for each of its clones.
[[gnu::always_inline]] inline lane_sums sum_lanes(std::uint32_t first, const std::byte* at) {
    lane_sums sums{first};
    const auto add = [&](lane_sums words) { // as wire::digest()
        sums ^= sums << 8U;
        sums ^= sums >> 17U;
        sums = (sums << 4U | sums >> 28U) ^ words;
    };
    constexpr std::size_t lane_bytes = lane_words * word_bytes;
    for (std::size_t i = 0; i < lane_bytes; i += sizeof(lane_sums), at += sizeof(lane_sums)) {
        const lane_sums a = load_four(at);
        const lane_sums b = load_four(at + lane_bytes);
        const lane_sums c = load_four(at + 2 * lane_bytes);
        const lane_sums d = load_four(at + 3 * lane_bytes);
        const lane_sums ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        const lane_sums cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const lane_sums ab_late = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const lane_sums cd_late = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        add(__builtin_shufflevector(ab, cd, 0, 1, 4, 5));
        add(__builtin_shufflevector(ab, cd, 2, 3, 6, 7));
        add(__builtin_shufflevector(ab_late, cd_late, 0, 1, 4, 5));
        add(__builtin_shufflevector(ab_late, cd_late, 2, 3, 6, 7));
    }
    return sums;
}

std::uint32_t multiply(const matrix& by, std::uint32_t sum) {
    std::uint32_t product = 0;
    for (std::size_t bit = 0; bit < by.size(); ++bit)
        product ^= by[bit] & (0U - (sum >> bit & 1U));
    return product;
}

} // namespace

DRONE_VECTOR_CLONES std::uint32_t digest(std::uint32_t sum, std::span<const std::byte> words) {
    const std::byte* at = words.data();
    std::size_t left = words.size() / word_bytes;
    for (; left >= lanes * lane_words; left -= lanes * lane_words) {
        const lane_sums sums = sum_lanes(sum, at);
        sum = sums[0];
        for (std::size_t lane = 1; lane < lanes; ++lane)
            sum = multiply(after_a_lane, sum) ^ sums[lane];
        at += lanes * lane_words * word_bytes;
    }
    for (; left != 0; --left, at += word_bytes)
        sum = wire::digest(sum, load_word(at));
    return sum;
}

// -- Callers --------------------------------------------------------------------------------------

namespace {

/// Returns how many pairs, from the first on, are a caller and another word.
DRONE_VECTOR_CLONES std::size_t take_apart(
    const std::byte* words,
    std::size_t pairs,
    std::uint32_t* __restrict callers,
    std::uint32_t* __restrict events
) {
    std::uint32_t odd = 0;
    for (std::size_t i = 0; i < pairs; ++i) {
        const wire::word caller = load_word(words + 2 * i * word_bytes);
        callers[i] = caller.code_address();
        events[i] = load_word(words + (2 * i + 1) * word_bytes).bits;
        odd |= caller.bits >> 29U ^ static_cast<std::uint32_t>(wire::operation::caller);
    }
    if (odd == 0) return pairs;
    std::size_t i = 0;
    while (load_word(words + 2 * i * word_bytes).op() == wire::operation::caller)
        ++i;
    return i;
}

} // namespace

void called_events::read(std::span<const std::byte> words) {
    static_assert(std::endian::native == std::endian::little);
    const std::size_t pairs = std::min(words.size() / (2 * word_bytes), most);
    count_ = take_apart(words.data(), pairs, callers_.data(), events_.data());
}

} // namespace drone::trace
