// SPDX-License-Identifier: MIT
#pragma once

// What somebody who looks on wants to know of a heap, kept while events arrive.

#include "trace/sink.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace drone::usage {

/// How full something is.
struct watched {
    std::uint64_t now = 0;
    std::uint64_t most = 0;
    std::uint64_t limit = 0; ///< 0: not known

    void set(std::uint64_t value) {
        now = value;
        most = std::max(most, value);
    }
};

/// A sink for one run that has no end yet. Memory is bounded by live blocks and callers.
class watch_model final : public trace::sink {
public:
    struct pool {
        std::uint32_t block_size = 0; ///< bytes
        trace::block_number first_block{};
        watched use; ///< blocks
    };
    struct holder {
        std::uint64_t bytes = 0;
        std::uint64_t blocks = 0;
        std::uint64_t taken = 0; ///< blocks, in all
    };

    void on_heap(const trace::traced_heap& heap) override {
        heap_size_ = heap.size;
        pools_.clear();
        for (const trace::traced_pool& p : heap.pools)
            pools_.push_back({p.block_size, p.first_block, {.limit = p.capacity}});
        region_ = {.limit = std::uint64_t{heap.region.units} * heap.region.unit};
        first_of_region_ = region_.limit != 0 ? heap.region.first_block : trace::no_block;
        region_unit_ = std::max<std::uint32_t>(heap.region.unit, 1);
    }

    void on_changes(std::span<const trace::change> changes) override {
        for (const trace::change& c : changes)
            c.gives_back ? give_back(c) : take(c);
    }

    void on_failure(const trace::failure& f) override {
        ++failures_;
        last_failure_ = f.size;
    }

    /// Peaks are what is in use now.
    void reset_peaks() {
        for (pool& p : pools_)
            p.use.most = p.use.now;
        region_.most = region_.now;
        bytes_.most = bytes_.now;
    }

    [[nodiscard]] const watched& bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
    [[nodiscard]] std::uint64_t heap_size() const { return heap_size_; }
    [[nodiscard]] const std::vector<pool>& pools() const { return pools_; }
    [[nodiscard]] const watched& region() const { return region_; } ///< bytes
    [[nodiscard]] std::uint64_t failures() const { return failures_; }
    [[nodiscard]] std::uint32_t last_failure() const { return last_failure_; } ///< bytes asked for

    /// Those who hold most, with their callers (trace::change).
    [[nodiscard]] std::vector<std::pair<std::uint32_t, holder>> top(std::size_t count) const {
        std::vector<std::pair<std::uint32_t, holder>> all(holders_.begin(), holders_.end());
        std::erase_if(all, [](const auto& entry) { return entry.second.bytes == 0; });
        const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
        std::ranges::partial_sort(all, end, [](const auto& a, const auto& b) {
            return std::pair(b.second.bytes, a.first) < std::pair(a.second.bytes, b.first);
        });
        all.erase(end, all.end());
        return all;
    }

private:
    void take(const trace::change& c) {
        bytes_.set(bytes_.now + c.size);
        ++blocks_;
        holder& h = holders_[c.caller];
        h.bytes += c.size;
        ++h.blocks;
        ++h.taken;
        if (c.block == trace::no_block) return;
        callers_.reach(c.block) = c.caller;
        if (watched* const place = place_of(c)) place->set(place->now + amount(c));
    }

    void give_back(const trace::change& c) {
        bytes_.now -= c.size;
        --blocks_;
        const std::uint32_t* const taker = callers_.find(c.block);
        holder& h = holders_[taker != nullptr ? *taker : c.caller];
        h.bytes -= c.size;
        --h.blocks;
        if (c.block == trace::no_block) return;
        if (watched* const place = place_of(c)) place->now -= amount(c);
    }

    /// What the block counts in its place: itself, or its bytes in whole units of the region.
    [[nodiscard]] std::uint64_t amount(const trace::change& c) const {
        if (c.block < first_of_region_) return 1;
        return (std::uint64_t{std::max<std::uint32_t>(c.size, 1)} + region_unit_ - 1) /
               region_unit_ * region_unit_;
    }

    [[nodiscard]] watched* place_of(const trace::change& c) {
        if (c.block >= first_of_region_) return &region_;
        const auto after = std::ranges::upper_bound(pools_, c.block, {}, &pool::first_block);
        return after == pools_.begin() ? nullptr : &std::prev(after)->use;
    }

    std::uint64_t heap_size_ = 0;
    watched bytes_;
    std::uint64_t blocks_ = 0;
    std::vector<pool> pools_;
    watched region_;
    trace::block_number first_of_region_ = trace::no_block;
    std::uint32_t region_unit_ = 1;
    std::uint64_t failures_ = 0;
    std::uint32_t last_failure_ = 0;
    std::unordered_map<std::uint32_t, holder> holders_; ///< by caller
    trace::by_block<std::uint32_t> callers_;
};

/// The most of something in each of the last parts of a minute.
class last_minute {
public:
    static constexpr std::size_t parts = 60;

    /// `value` was reached in second `second` of the capture; seconds ascend.
    void note(std::uint64_t second, std::uint64_t value) {
        for (; second_ < second && !most_.empty(); ++second_) {
            if (most_.size() == parts) most_.erase(most_.begin());
            most_.push_back(most_.back());
        }
        if (most_.empty()) most_.push_back(value);
        second_ = second;
        if (fresh_ != second) most_.back() = value;
        fresh_ = second;
        most_.back() = std::max(most_.back(), value);
    }
    /// Oldest first, at most `parts`.
    [[nodiscard]] const std::vector<std::uint64_t>& most() const { return most_; }

private:
    std::uint64_t second_ = 0;
    std::uint64_t fresh_ = UINT64_MAX; ///< the second of the last value
    std::vector<std::uint64_t> most_;
};

} // namespace drone::usage
