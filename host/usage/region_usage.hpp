// SPDX-License-Identifier: MIT
#pragma once

// What a trace tells of an overflow region: how much is in use, how large the largest hole is, over
// time; which requests fell into it, and why.
//
// The words are those of docs/cli.md, here and in a replay: the region is what the pools leave of
// the heap, its tags included; in use are the bytes of its blocks, headers left out; a hole is a stretch
// that no block has. So are the figures, though a trace has only the places of blocks and the sizes
// that were asked for: what is too small to be split off from a block belongs to it. Of a heap that is
// not ours only the bytes that were asked for are known to be in use.

#include "trace/sink.hpp"
#include "usage/occupancy.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace drone::usage {

/// The region from one event to another.
struct region_stretch {
    std::uint64_t events = 0;      ///< up to and with this one
    std::uint64_t most_in_use = 0; ///< bytes
    std::uint64_t least_hole = 0;  ///< bytes of the largest hole, when that was smallest
};

/// Requests of one size that the region served.
struct region_requests {
    std::uint64_t count = 0;
    std::uint64_t pool_full = 0; ///< of them, because the pool that serves the size was full
};

class region_usage {
public:
    /// History is kept in so many stretches at most, all of the same length.
    static constexpr std::size_t most_stretches = 16;

    region_usage() = default;
    explicit region_usage(const trace::traced_heap& heap);

    [[nodiscard]] bool exists() const { return bytes_ != 0; }
    [[nodiscard]] bool holds(trace::block_number block) const {
        return exists() && place_.holds(block);
    }

    void take(const trace::change& c, bool pool_full, std::uint64_t event);
    void give_back(const trace::change& c, std::uint64_t event);
    void resize(const trace::change& before, const trace::change& after, std::uint64_t event);

    /// What the pools leave of the heap, tags included.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Of them, what blocks can take.
    [[nodiscard]] std::uint64_t room() const { return room_; }
    /// Most bytes in use at one time.
    [[nodiscard]] std::uint64_t peak_bytes() const { return peak_; }
    [[nodiscard]] std::uint64_t max_load() const { return max_load_; } ///< blocks
    [[nodiscard]] std::uint64_t total() const { return total_; }       ///< blocks taken
    /// The largest hole when it was smallest, and the event after which that was.
    [[nodiscard]] std::uint64_t least_hole() const { return least_hole_; }
    [[nodiscard]] std::uint64_t least_hole_event() const { return least_hole_event_; }
    [[nodiscard]] const std::vector<region_stretch>& history() const { return history_; }
    /// Now: the live blocks, in room() bytes.
    [[nodiscard]] const occupancy::blocks& live() const { return blocks_.live(); }
    [[nodiscard]] std::uint64_t bytes_in_use() const { return blocks_.taken() - blocks_.beside(); }
    /// Now: bytes of all holes.
    [[nodiscard]] std::uint64_t bytes_free() const { return room_ - blocks_.taken(); }
    [[nodiscard]] std::uint64_t largest_hole() const { return blocks_.holes_in(0, room_).largest; }
    /// By size asked.
    [[nodiscard]] const std::map<std::uint32_t, region_requests>& requests() const {
        return requests_;
    }

private:
    [[nodiscard]] std::uint64_t begin_of(const trace::change& c) const;
    [[nodiscard]] occupancy::blocks::const_iterator find(const trace::change& c) const;
    void occupy(const trace::change& c, bool has_header);
    void vacate(const trace::change& c);
    void note(std::uint64_t event);

    trace::traced_region place_{};
    bool is_ours_ = false;
    std::uint64_t bytes_ = 0;
    std::uint64_t room_ = 0;
    occupancy blocks_;
    std::uint64_t peak_ = 0;
    std::uint64_t max_load_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t least_hole_ = 0;
    std::uint64_t least_hole_event_ = 0;
    std::uint64_t stretch_ = 1024; ///< events of a stretch of the history
    std::vector<region_stretch> history_;
    std::map<std::uint32_t, region_requests> requests_;
};

} // namespace drone::usage
