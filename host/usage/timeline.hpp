// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"
#include "usage/extremes.hpp"
#include "usage/holders.hpp"
#include "usage/region_picture.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace drone::usage {

/// What is known of a run before the reading that draws it.
struct timeline_request {
    std::uint64_t events = 0;     ///< in the file
    std::uint64_t peak_event = 0; ///< see statistics::peak_event()
    holder_kind kind = holder_kind::caller;
    std::vector<std::uint32_t> named = {};     ///< holders that get a row of their own
    std::vector<std::uint64_t> moments = {};   ///< events, ascending: who holds the heap after them
    std::vector<std::uint64_t> close_ups = {}; ///< events around which every single event is kept
    std::optional<trace::traced_heap> region = {}; ///< whose region is drawn
};

/// A stretch of a run, event by event.
struct close_up {
    std::uint64_t first = 0; ///< event
    std::uint64_t last = 0;
    extremes live;                    ///< bytes; an event a column
    std::vector<std::uint64_t> times; ///< by event, in units of the trace's clock

    void note(std::uint64_t event, std::uint64_t before, std::uint64_t bytes, std::uint64_t time);
};

/// A place where events are missing, or may be.
struct timeline_gap {
    std::uint64_t event = 0; ///< so many came before
    std::uint64_t lost = 0;  ///< for certain

    friend bool operator==(const timeline_gap&, const timeline_gap&) = default;
};

/// A run as it is drawn over its events: live bytes, the load of each pool, the region, who holds the
/// heap. Columns of equally many events keep the least and the most, so that no peak disappears; a
/// run of up to `columns` events is exact.
///
/// Memory does not depend on the number of events: some 10 MB, 8 bytes a block number, and what
/// `holders` and `region_picture` take. O(log of the pools) for each change outside a region.
class timeline final : public trace::sink {
public:
    static constexpr std::uint64_t columns = 16384;     ///< of live bytes and times, at most
    static constexpr std::uint64_t pool_columns = 2048; ///< at most
    static constexpr std::uint64_t close_up_events = 4096;
    static constexpr std::size_t most_gaps = 4096; ///< beyond, neighbours become one

    explicit timeline(timeline_request wanted);

    void on_changes(std::span<const trace::change> changes) override;
    void on_resize(const trace::change& before, const trace::change& after, trace::resizing how)
        override;
    void on_heap(const trace::traced_heap& heap) override;
    void on_failure(const trace::failure& f) override;
    void on_position(std::uint64_t events) override { events_ = events; }
    void on_time(trace::clock unit, std::uint64_t elapsed) override;
    void on_gap(std::uint64_t lost) override;
    /// To be called when the run was read.
    void finish();

    [[nodiscard]] const extremes& live() const { return live_; }
    /// The clock at each column's first event.
    [[nodiscard]] const std::vector<std::uint64_t>& times() const { return times_; }
    /// What was in each pool at the peak: bytes asked for, blocks.
    [[nodiscard]] const std::vector<holding>& pools_at_peak() const { return pools_at_peak_; }
    /// Blocks in use by pool, in the order of the announcement.
    [[nodiscard]] const std::vector<extremes>& loads() const { return loads_; }
    [[nodiscard]] const std::vector<timeline_gap>& gaps() const { return gaps_; }
    /// Columns with failed requests, and how many.
    [[nodiscard]] const std::vector<std::pair<std::uint64_t, std::uint64_t>>& failures() const {
        return failures_;
    }
    [[nodiscard]] const std::vector<close_up>& close_ups() const { return close_ups_; }
    [[nodiscard]] const usage::holders& holders() const { return holders_; }
    [[nodiscard]] const region_picture& region() const { return region_; }

private:
    void begin_event();
    void apply(const trace::change& c);
    void count(const trace::change& c, std::uint64_t blocks);
    void note(std::uint64_t before);
    void note_peak();
    void join_gaps();

    timeline_request wanted_;
    std::uint64_t events_ = 0;
    trace::clock unit_ = trace::clock::none;
    std::uint64_t time_ = 0;
    std::uint64_t bytes_ = 0;
    extremes live_;
    std::vector<std::uint64_t> times_;
    std::vector<trace::traced_pool> pools_;
    std::vector<extremes> loads_;
    std::vector<holding> in_use_; ///< by pool
    std::vector<holding> pools_at_peak_;
    std::vector<timeline_gap> gaps_;
    std::uint64_t gap_distance_ = 0; ///< gaps that are not further apart are one
    std::vector<std::pair<std::uint64_t, std::uint64_t>> failures_;
    std::vector<close_up> close_ups_;
    std::size_t next_close_up_ = 0;
    usage::holders holders_;
    region_picture region_;
};

} // namespace drone::usage
