// SPDX-License-Identifier: MIT
#pragma once

// Models of allocators that split and merge, as they place blocks on a 32-bit target: an arena of
// blocks side by side, a header in front of each, and a rule that picks the free block.

#include "layout/orders.hpp"
#include "usage/demand.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bench {

enum class pick : std::uint8_t {
    binned,   ///< the last freed of the first list in which every block is large enough
    best_fit, ///< the smallest; of equal ones the lowest
    first_fit ///< the lowest
};

struct rival {
    std::string_view name;
    std::uint32_t header;    ///< bytes in front of every block
    std::uint32_t alignment; ///< of every block's length, bytes
    std::uint32_t least;     ///< block, header included, bytes
    pick rule;
    unsigned lists_log2;          ///< binned: lists an octave
    bool powers_of_two;           ///< whether requests are rounded up to them
    bool grows_in_place;          ///< whether a resize takes a free right neighbour
    std::uint32_t control;        ///< bytes beside the arena,
    std::uint32_t control_octave; ///< and for each octave of it beyond 128 bytes

    [[nodiscard]] std::uint64_t control_of(std::uint64_t arena) const {
        return control + control_octave * static_cast<std::uint64_t>(std::bit_width(arena) - 8);
    }
};

/// TLSF 3.1 (its lists for no more octaves than the arena has), o1heap 2.1, dlmalloc as in newlib, newlib-nano's
/// malloc, FreeRTOS's heap_4.
inline constexpr rival rivals[] = {
    {"TLSF", 4, 8, 16, pick::binned, 5, false, true, 156, 132},
    {"o1heap", 16, 16, 32, pick::binned, 0, true, true, 180, 0},
    {"best fit", 4, 8, 16, pick::best_fit, 0, false, true, 1032, 0},
    {"nano", 4, 8, 16, pick::first_fit, 0, false, true, 8, 0},
    {"heap_4", 8, 8, 16, pick::first_fit, 0, false, false, 20, 0},
};

class rival_heap {
public:
    rival_heap(const rival& kind, std::uint64_t bytes)
        : kind_(kind), bins_(64U << kind.lists_log2) {
        enter(0, bytes / kind.alignment * kind.alignment);
    }

    [[nodiscard]] bool holds(
        const drone::layout::ordered_run& ordered,
        std::span<const drone::layout::block_event> events
    ) {
        constexpr drone::usage::class_number nothing = drone::layout::block_event::none;
        blocks_.assign(ordered.block_limit(), none);
        return std::ranges::all_of(events, [&](const drone::layout::block_event& event) {
            std::uint64_t& own = blocks_[std::to_underlying(event.block)];
            const std::uint64_t old = own;
            if (event.to == nothing) {
                own = none;
            } else {
                const std::uint32_t size = ordered.run().classes[event.to].size;
                if (event.from != nothing && own != none && stays(own, length_of(size)))
                    return true;
                own = allocate(size);
                if (own == none) return false;
                if (event.from == nothing) return true;
            }
            if (old != none) release(old);
            return true;
        });
    }
    /// One past the last byte that was ever in a block.
    [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
    static constexpr std::uint64_t none = UINT64_MAX;
    struct block {
        std::uint64_t length;
        bool free;
    };

    [[nodiscard]] std::uint64_t length_of(std::uint32_t size) const {
        std::uint64_t length = std::uint64_t{std::max(size, 1U)} + kind_.header;
        if (kind_.powers_of_two) length = std::bit_ceil(length);
        length = (length + kind_.alignment - 1) / kind_.alignment * kind_.alignment;
        return std::max<std::uint64_t>(length, kind_.least);
    }

    /// The list of a free block of that length.
    [[nodiscard]] std::size_t bin_of(std::uint64_t length) const {
        const auto octave = static_cast<unsigned>(std::bit_width(length)) - 1;
        const std::uint64_t within =
            (length - (std::uint64_t{1} << octave)) << kind_.lists_log2 >> octave;
        return (std::size_t{octave} << kind_.lists_log2) + static_cast<std::size_t>(within);
    }

    void enter(std::uint64_t begin, std::uint64_t length) {
        all_[begin] = {length, true};
        if (kind_.rule == pick::binned) {
            const std::size_t bin = bin_of(length);
            bins_[bin].push_back(begin);
            non_empty_.insert(bin);
        } else if (kind_.rule == pick::best_fit) {
            by_length_.emplace(length, begin);
        } else {
            by_place_.insert(begin);
        }
    }
    /// Lists of bins are cleared when their ends are looked at.
    void leave(std::uint64_t begin, std::uint64_t length) {
        all_[begin].free = false;
        if (kind_.rule == pick::best_fit) by_length_.erase({length, begin});
        if (kind_.rule == pick::first_fit) by_place_.erase(begin);
    }

    [[nodiscard]] std::uint64_t find(std::uint64_t length) {
        if (kind_.rule == pick::best_fit) {
            const auto found = by_length_.lower_bound({length, 0});
            return found == by_length_.end() ? none : found->second;
        }
        if (kind_.rule == pick::first_fit) {
            for (const std::uint64_t begin : by_place_)
                if (all_[begin].length >= length) return begin;
            return none;
        }
        std::size_t first = bin_of(length);
        // Every block of a list is large enough where it begins with that length.
        if (first != 0 && bin_of(length - 1) == first) ++first;
        for (auto bin = non_empty_.lower_bound(first); bin != non_empty_.end();) {
            std::vector<std::uint64_t>& list = bins_[*bin];
            while (!list.empty()) {
                const auto found = all_.find(list.back());
                if (found != all_.end() && found->second.free &&
                    bin_of(found->second.length) == *bin)
                    return list.back();
                list.pop_back();
            }
            bin = non_empty_.erase(bin);
        }
        return none;
    }

    [[nodiscard]] std::uint64_t allocate(std::uint32_t size) {
        const std::uint64_t length = length_of(size);
        const std::uint64_t begin = find(length);
        if (begin == none) return none;
        const std::uint64_t whole = all_[begin].length;
        leave(begin, whole);
        cut(begin, whole, length);
        return begin;
    }

    /// A block in use of `whole` bytes keeps `length` of them, and what is not a block beside.
    void cut(std::uint64_t begin, std::uint64_t whole, std::uint64_t length) {
        if (whole - length < kind_.least) length = whole;
        all_[begin] = {length, false};
        if (length < whole) enter(begin + length, whole - length);
        touched_ = std::max(touched_, begin + length);
    }

    void release(std::uint64_t begin) {
        auto own = all_.find(begin);
        std::uint64_t length = own->second.length;
        if (const auto right = std::next(own); right != all_.end() && right->second.free) {
            leave(right->first, right->second.length);
            length += right->second.length;
            all_.erase(right);
        }
        if (own != all_.begin() && std::prev(own)->second.free) {
            const auto left = std::prev(own);
            begin = left->first;
            leave(begin, left->second.length);
            length += left->second.length;
            all_.erase(own);
        }
        enter(begin, length);
    }

    [[nodiscard]] bool stays(std::uint64_t begin, std::uint64_t length) {
        const auto own = all_.find(begin);
        std::uint64_t whole = own->second.length;
        const auto right = std::next(own);
        const bool beside_free = right != all_.end() && right->second.free;
        if (!kind_.grows_in_place) return length <= whole;
        if (length > whole && !(beside_free && whole + right->second.length >= length))
            return false;
        if (beside_free) {
            leave(right->first, right->second.length);
            whole += right->second.length;
            all_.erase(right);
        }
        cut(begin, whole, length);
        return true;
    }

    const rival& kind_;
    std::map<std::uint64_t, block> all_;
    std::vector<std::vector<std::uint64_t>> bins_;
    std::set<std::size_t> non_empty_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> by_length_;
    std::set<std::uint64_t> by_place_;
    std::vector<std::uint64_t> blocks_;
    std::uint64_t touched_ = 0;
};

} // namespace bench
