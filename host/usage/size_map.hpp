// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace drone::usage {

/// A map by sizes of blocks. A small size is found in a table, without a search. Memory: a node for
/// each size that occurs, and 32 KiB.
template <class Value>
class size_map {
public:
    size_map() = default;
    ~size_map() = default;
    size_map(const size_map& other) : all_(other.all_) {}
    size_map& operator=(const size_map& other) {
        small_.clear();
        all_ = other.all_;
        return *this;
    }
    // Nodes keep their places.
    size_map(size_map&&) noexcept = default;
    size_map& operator=(size_map&&) noexcept = default;

    /// As of std::map.
    [[nodiscard]] Value& operator[](std::uint32_t size) {
        if (size < small_.size() && small_[size] != nullptr) [[likely]]
            return *small_[size];
        return search(size);
    }
    [[nodiscard]] const std::map<std::uint32_t, Value>& all() const { return all_; }

private:
    static constexpr std::uint32_t small_limit = 4096;

    [[gnu::noinline]] Value& search(std::uint32_t size) {
        Value& found = all_[size];
        if (size >= small_limit) return found;
        small_.resize(small_limit);
        small_[size] = &found;
        return found;
    }

    std::map<std::uint32_t, Value> all_;
    std::vector<Value*> small_; ///< by size; null: not looked up yet
};

} // namespace drone::usage
