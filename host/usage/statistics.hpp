// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"
#include "usage/leaks.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace drone::usage {

/// What happened to blocks of one size.
struct size_usage {
    std::uint32_t size = 0;     ///< bytes asked for
    std::uint64_t max_load = 0; ///< blocks live at one time, at most
    std::uint64_t total = 0;    ///< blocks taken

    friend bool operator==(const size_usage&, const size_usage&) = default;
};

/// Blocks of one size that are live at the end.
struct leftover {
    std::uint64_t blocks = 0;
    std::uint64_t certain = 0; ///< of them

    friend bool operator==(const leftover&, const leftover&) = default;
};

/// Requests of one size that the heap could not serve.
struct refusal {
    std::uint64_t count = 0;
    std::uint64_t first_event = 0; ///< the first of them came after so many events,
    std::uint64_t live_bytes = 0;  ///< with so much live
    std::uint64_t live_blocks = 0;
    bool at_least = false; ///< more may have been asked for than the size says

    friend bool operator==(const refusal&, const refusal&) = default;
};

/// The table of `drone heap`: for every size asked, how many blocks were live at most and how many
/// were taken; the peak of live bytes; what is live at the end and what was refused. Memory is
/// bounded by the sizes that occur.
///
/// Several runs of one program make a union: loads and the peak are the maxima over the runs, totals
/// are summed.
class statistics final : public trace::sink {
public:
    statistics();
    ~statistics() override = default;
    statistics(const statistics&) = delete; // sizes that were seen are its own
    statistics& operator=(const statistics&) = delete;
    statistics(statistics&&) = default;
    statistics& operator=(statistics&&) = default;

    void on_changes(std::span<const trace::change> changes) override;
    void on_brief_changes(const trace::brief_changes& changes) override;
    void on_resize(const trace::change& before, const trace::change& after, trace::resizing how)
        override;
    void on_failure(const trace::failure& f) override;
    void on_position(std::uint64_t events) override { events_ = events; }
    void on_live(const trace::change& taken, bool certain) override;

    /// Makes this the union with another run of the same program.
    void unite(const statistics& other);

    /// Sizes that occur, ascending.
    [[nodiscard]] std::vector<size_usage> rows() const;
    /// The sum over sizes of size times its own maximum, bytes.
    [[nodiscard]] std::uint64_t maximum_usage() const;
    /// The largest number of bytes live at one time.
    [[nodiscard]] std::uint64_t peak_bytes() const {
        return static_cast<std::uint64_t>(peak_bytes_);
    }
    /// The event that reached it, counted from 1 in its run; 0 when nothing was ever taken.
    [[nodiscard]] std::uint64_t peak_event() const { return peak_event_; }
    /// Blocks taken, given back or resized, and requests that failed.
    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// What is live at the end, by size; of united runs, each one's.
    [[nodiscard]] const std::map<std::uint32_t, leftover>& leftovers() const { return leftovers_; }
    /// Whether blocks of some size, or all together, keep growing: a second look is worth it. Of
    /// united runs, this one.
    [[nodiscard]] bool grows() const { return !history_.growing().empty(); }
    /// What could not be served, by size; of united runs, the first refusal is that of the first.
    [[nodiscard]] const std::map<std::uint32_t, refusal>& refusals() const { return refusals_; }

private:
    struct counts {
        std::uint64_t changes = 0;
        std::int64_t max_load = 0;
        std::int64_t below_max = 0; ///< so many fewer are live now
        std::uint32_t size = 0;

        [[nodiscard]] std::int64_t live() const { return max_load - below_max; }
        [[nodiscard]] std::uint64_t taken() const {
            return (changes + static_cast<std::uint64_t>(live())) / 2;
        }
    };

    static constexpr std::uint32_t small_limit = 4096;
    static constexpr std::size_t counted_at_once = 256;

    /// Changes as count() wants them: where each is counted, and how many blocks (1 or -1) and bytes
    /// fewer are live after it.
    struct batch {
        std::array<counts*, counted_at_once> of_size{};
        std::array<std::int32_t, counted_at_once> blocks{};
        std::array<std::int64_t, counted_at_once> bytes{};
    };
    static std::uint32_t fill(batch& to, counts* small, std::span<const trace::request> asked);

    void count_in_batches(std::size_t changes, auto size_at, auto fill_from);
    void count(std::size_t changes);
    void note_maximum(counts& of_size);
    void sample();
    /// The counts stay where they are.
    [[nodiscard]] counts& of_size(std::uint32_t size) {
        if (size < small_limit) return small_[size];
        return large_.try_emplace(size, counts{.size = size}).first->second;
    }

    std::vector<counts> small_; ///< by size
    std::unordered_map<std::uint32_t, counts> large_;
    std::vector<counts*> seen_; ///< of which a block was live, in this run
    batch batch_;               ///< room for what is counted at a time
    std::map<std::uint32_t, leftover> leftovers_;
    std::map<std::uint32_t, refusal> refusals_;
    live_history history_;      ///< by size
    std::uint64_t sampled_ = 0; ///< changes, as the history counts them
    std::int64_t peak_bytes_ = 0;
    std::int64_t bytes_below_peak_ = 0; ///< so many fewer are live now
    std::uint64_t events_ = 0;
    std::uint64_t peak_event_ = 0;
};

} // namespace drone::usage
