// SPDX-License-Identifier: MIT
// Prints what the digest of a heap trace misses (docs/formats.md). Two flipped bits: all pairs
// within so many words are tried, for the sum is linear. Other damage: random words are changed, and
// the misses counted on fewer bits, where they can be seen, for every bit fewer doubles them.
//
//     build/bench/digest_bench

#include <drone/wire.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <unordered_set>
#include <vector>

namespace {

using namespace drone;

/// Words within which no two flipped bits give the same digest.
std::size_t words_without_a_cancelling_pair() {
    std::vector<std::uint32_t> flips(32);
    for (unsigned bit = 0; bit < 32; ++bit)
        flips[bit] = 1U << bit;
    std::unordered_set<std::uint32_t> seen{wire::make_digest(0).bits};
    for (std::size_t words = 0;; ++words) {
        for (std::uint32_t& flip : flips) {
            if (!seen.insert(wire::make_digest(flip).bits).second) return words;
            flip = wire::digest(flip, {}); // one word further from the digest
        }
    }
}

/// Of traces of 64 random words in which `changed` neighbours were replaced, how many have the same
/// low `bits` of the digest.
std::uint64_t misses(unsigned bits, std::size_t changed, std::uint64_t traces) {
    constexpr std::size_t length = 64;
    std::mt19937 random(1);
    std::uint64_t missed = 0;
    std::vector<wire::word> words(length);
    const auto digest = [&] {
        std::uint32_t sum = 0;
        for (const wire::word w : words)
            sum = wire::digest(sum, w);
        return wire::make_digest(sum).bits & ((1U << bits) - 1);
    };
    for (std::uint64_t i = 0; i < traces; ++i) {
        for (wire::word& w : words)
            w.bits = static_cast<std::uint32_t>(random());
        const std::uint32_t before = digest();
        const std::size_t at = random() % (length - changed);
        for (std::size_t k = 0; k < changed; ++k)
            words[at + k].bits = static_cast<std::uint32_t>(random());
        if (digest() == before) ++missed;
    }
    return missed;
}

} // namespace

int main() {
    fmt::print(
        "Two flipped bits: none of the pairs within {} words cancel\n",
        words_without_a_cancelling_pair()
    );
    constexpr unsigned bits = 12;
    constexpr std::uint64_t traces = 2'000'000;
    for (const std::size_t changed : {1, 2, 8})
        fmt::print(
            "{} words replaced: {:.2f} of the misses that {} random bits make; of 28 bits, 1 in "
            "2^28\n",
            changed,
            static_cast<double>(misses(bits, changed, traces)) * (1U << bits) / traces,
            bits
        );
}
