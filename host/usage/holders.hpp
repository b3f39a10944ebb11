// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace drone::usage {

/// What holders are told apart by.
enum class holder_kind : std::uint8_t {
    caller, ///< see trace::change::caller
    size,   ///< bytes asked for: of traces that do not say who called
};

/// What one holder has at a moment.
struct holding {
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;

    friend bool operator==(const holding&, const holding&) = default;
};

/// Who holds the heap: at its peak, at the end, and at moments chosen before.
///
/// Only the holders that are named get a row of their own; all others are summed up in the last row.
/// A block counts for who took it, also after it was resized. Memory: 4 bytes a block number, 8 bytes
/// a holder and moment.
class holders {
public:
    holders() = default;
    holders(
        holder_kind kind,
        const std::vector<std::uint32_t>& named,
        std::vector<std::uint64_t> moments
    );

    /// To be called before an event is applied, so that moments that are over are noted.
    void before(std::uint64_t event) {
        if (next_ < moments_.size() && moments_[next_] < event) [[unlikely]]
            note_moments(event);
    }
    void take(const trace::change& c);
    void give_back(const trace::change& c);
    /// `at_most` is called when the holder has most: of a resize that copies, while both are live.
    template <class AtMost>
    void resize(
        const trace::change& before, const trace::change& after, trace::resizing how, AtMost at_most
    ) {
        const std::size_t row = row_of(before);
        const std::size_t later = kind_ == holder_kind::size ? row_named(after.size) : row;
        if (how == trace::resizing::copied) {
            add(later, after.size);
            at_most();
            remove(row, before.size);
        } else {
            remove(row, before.size);
            add(later, after.size);
            at_most();
        }
        if (after.block != trace::no_block && kind_ == holder_kind::size)
            set_row(after.block, later);
    }

    /// Between the two halves of a resize that copies, too.
    void note_peak() { at_peak_ = now_; }
    void finish() { note_moments(UINT64_MAX); }

    /// By row: the holders in the order they were named, then all others.
    [[nodiscard]] const std::vector<holding>& at_peak() const { return at_peak_; }
    [[nodiscard]] const std::vector<holding>& at_end() const { return now_; }
    /// The most bytes that a row ever had.
    [[nodiscard]] const std::vector<std::uint64_t>& peaks() const { return peaks_; }
    /// Events, ascending; history() is of after them.
    [[nodiscard]] const std::vector<std::uint64_t>& moments() const { return moments_; }
    /// Bytes of a row at each moment.
    [[nodiscard]] std::vector<std::uint64_t> history(std::size_t row) const;

private:
    [[nodiscard]] std::size_t row_named(std::uint32_t name) const;
    [[nodiscard]] std::size_t row_of(const trace::change& given_back) const;
    void set_row(trace::block_number block, std::size_t row);
    void add(std::size_t row, std::uint32_t size);
    void remove(std::size_t row, std::uint32_t size);
    void note_moments(std::uint64_t before_event);

    holder_kind kind_ = holder_kind::caller;
    std::unordered_map<std::uint32_t, std::uint32_t> rows_; ///< by caller or size
    trace::by_block<std::uint32_t> rows_of_blocks_;
    std::vector<holding> now_;
    std::vector<holding> at_peak_;
    std::vector<std::uint64_t> peaks_;
    std::vector<std::uint64_t> moments_;
    std::size_t next_ = 0;               ///< moment
    std::vector<std::uint64_t> history_; ///< moment by moment, each all rows
};

} // namespace drone::usage
