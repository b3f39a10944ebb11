// SPDX-License-Identifier: MIT
#pragma once

// A heap drawn from the addresses of its blocks: what the allocator really needed, and what it wastes.
// Of traces that say where each block is, of a heap that is not ours.

#include "trace/sink.hpp"
#include "usage/occupancy.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace drone::usage {

/// What a block takes beside the bytes asked for. An allocator does not say it, but the next block
/// does: no block of a size was ever closer to its neighbour than this. Sizes without a neighbour
/// get the least header of all, rounded as the heap is aligned.
class block_overheads {
public:
    explicit block_overheads(std::uint32_t unit = 8) : unit_(unit) {}

    /// A block of `size` bytes with `gap` bytes to the next one.
    void saw(std::uint32_t size, std::uint32_t gap);
    /// Bytes, at most what was seen at any block of the size.
    [[nodiscard]] std::uint32_t of(std::uint32_t size) const;

private:
    std::uint32_t unit_;
    std::map<std::uint32_t, std::uint32_t> least_; ///< by size
    std::uint32_t header_ = UINT32_MAX;
};

/// The arena at one moment. It is what lies between the lowest and the highest byte that any block
/// has had so far.
struct arena_moment {
    std::uint64_t event = 0;        ///< counted from 1
    std::uint64_t arena = 0;        ///< bytes
    std::uint64_t live = 0;         ///< bytes asked for
    std::uint64_t overhead = 0;     ///< bytes of headers and rounding
    std::uint64_t free = 0;         ///< bytes of all holes
    std::uint64_t largest_hole = 0; ///< bytes
    std::uint64_t holes = 0;

    /// Free bytes that are not in the largest hole.
    [[nodiscard]] std::uint64_t scattered() const { return free - largest_hole; }
    /// Their share of the free bytes, 0 to 1.
    [[nodiscard]] double fragmentation() const {
        return free == 0 ? 0 : static_cast<double>(scattered()) / static_cast<double>(free);
    }
};

/// First reading: how close blocks are to each other. Second reading, with that: everything. Memory:
/// some 200 bytes for each live block, and for each place of a block since the arena grew last. O(log of the live
/// blocks) for each change, over a whole trace.
class arena final : public trace::sink {
public:
    arena() = default;
    /// A second reading of the same trace.
    explicit arena(const arena& first)
        : overheads_(first.overheads_), events_in_all_(first.events_), is_second_(true) {}
    arena(arena&&) = default;
    arena& operator=(const arena&) = default;
    arena& operator=(arena&&) = default;
    ~arena() override = default;

    void on_heap(const trace::traced_heap& heap) override;
    void on_changes(std::span<const trace::change> changes) override;
    void on_brief_changes(const trace::brief_changes& changes) override;
    void on_resize(const trace::change& before, const trace::change& after, trace::resizing how)
        override;
    void on_failure(const trace::failure&) override { ++events_; }
    void on_position(std::uint64_t events) override { events_ = events; }

    /// Whether the trace says where blocks are: the rest is of such a trace, read twice.
    [[nodiscard]] bool is_known() const { return highest_.arena != 0; }
    /// The first byte that any block ever had, from the heap's begin.
    [[nodiscard]] std::uint32_t lowest() const { return lowest_; }
    /// When the arena grew for the last time, with that block in it: what the allocator needed.
    [[nodiscard]] const arena_moment& highest() const { return highest_; }
    /// When the holes were worst: the most free bytes outside the largest one.
    [[nodiscard]] const arena_moment& most_fragmented() const { return most_fragmented_; }
    /// So many moments at most, evenly over the trace.
    [[nodiscard]] const std::vector<arena_moment>& course() const { return course_; }
    /// The arena at highest(), in `cells` equal parts: the used share of each, 0 to 1.
    [[nodiscard]] std::vector<double> picture(std::size_t cells) const;

private:
    static constexpr std::uint64_t course_length = 16;

    void take(const trace::change& c);
    void give_back(const trace::change& c);
    void note_neighbours(occupancy::blocks::const_iterator taken);
    void note_highest();
    void note();
    [[nodiscard]] std::uint32_t place(const trace::change& c) const {
        return heap_.offset_of(c.block);
    }
    [[nodiscard]] arena_moment now() const;

    block_overheads overheads_;
    std::uint64_t events_in_all_ = 0;
    bool is_second_ = false;
    trace::traced_region heap_;
    bool is_drawn_ = false; ///< the heap is not ours
    std::uint64_t events_ = 0;
    occupancy live_{UINT64_MAX};
    std::uint32_t lowest_ = UINT32_MAX; ///< first byte ever
    std::uint64_t end_ = 0;             ///< after the last byte ever
    arena_moment highest_;
    std::map<std::uint64_t, std::uint64_t> at_highest_; ///< first byte to end
    std::set<std::uint64_t> changed_;                   ///< first bytes, since then
    bool all_changed_ = true;                           ///< since then, by a restart
    arena_moment most_fragmented_;
    std::vector<arena_moment> course_;
};

} // namespace drone::usage
