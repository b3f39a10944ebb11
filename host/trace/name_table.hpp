// SPDX-License-Identifier: MIT
#pragma once

// The live blocks of a format that names blocks by a key: an address, a token. Gives every live
// block a dense number, reused after the block was given back. Memory is bounded by the live
// blocks.

#include "trace/sink.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace drone::trace {

/// Lets a map with string keys be searched by a view.
struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};

template <class Map>
class name_table {
public:
    /// Whether the name is live.
    template <class Name>
    [[nodiscard]] bool contains(const Name& name) const {
        return live_.find(name) != live_.end();
    }

    /// Takes a block of that name, which must not be live. Returns the change.
    template <class Name>
    change take(const Name& name, change c) {
        c.block = numbers_.take();
        c.gives_back = false;
        live_.emplace(name, c);
        return c;
    }

    /// Gives back a block of that name, which must be live. Returns the change.
    template <class Name>
    change give_back(const Name& name) {
        const auto found = live_.find(name);
        change c = found->second;
        live_.erase(found);
        numbers_.give_back(c.block);
        c.gives_back = true;
        return c;
    }

    /// A block, which must be live, gets a size and another name, which must not be live, or the
    /// same. Returns what it was, as a change that gives it back, and what it is: aligned as
    /// realloc() has it.
    template <class Name>
    std::pair<change, change>
    resize(const Name& name, const Name& new_name, std::uint32_t new_size) {
        const auto found = live_.find(name);
        change before = found->second;
        change after = before;
        live_.erase(found);
        after.size = new_size;
        after.alignment_log2 = alignment_not_told;
        live_.emplace(new_name, after);
        before.gives_back = true;
        return {before, after};
    }

    /// The blocks that are live, by number.
    [[nodiscard]] std::vector<change> live() const {
        std::vector<change> all;
        all.reserve(live_.size());
        for (const auto& [name, c] : live_)
            all.push_back(c);
        std::ranges::sort(all, {}, &change::block);
        return all;
    }

private:
    Map live_;
    block_numbers numbers_;
};

using token_table = name_table<std::unordered_map<std::string, change, text_hash, std::equal_to<>>>;
using address_table = name_table<std::unordered_map<std::uint64_t, change>>;

} // namespace drone::trace
