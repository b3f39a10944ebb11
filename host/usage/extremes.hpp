// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::usage {

/// A quantity over the events of a run, in columns of equally many events: the least and the most
/// that it was after any event of the column. However many events a column has, no peak is lost.
class extremes {
public:
    extremes() = default;
    /// `per` events a column, at least 1.
    explicit extremes(std::uint64_t per) : per_(per) {}

    /// The quantity after an event, counted from 1; events come in order. Where an event is left
    /// out, the quantity did not change with it.
    void note(std::uint64_t event, std::uint64_t value) {
        if (event > end_) [[unlikely]] {
            open(event, value);
        } else {
            least_.back() = std::min(least_.back(), value);
            most_.back() = std::max(most_.back(), value);
        }
        last_ = value;
    }

    /// The run has so many events.
    void finish(std::uint64_t events) { fill((events + per_ - 1) / per_); }

    [[nodiscard]] std::uint64_t per() const { return per_; }
    [[nodiscard]] std::size_t columns() const { return most_.size(); }
    [[nodiscard]] const std::vector<std::uint64_t>& least() const { return least_; }
    [[nodiscard]] const std::vector<std::uint64_t>& most() const { return most_; }

private:
    void open(std::uint64_t event, std::uint64_t value) {
        const std::uint64_t column = (event - 1) / per_;
        fill(column);
        const bool is_first = event == column * per_ + 1;
        least_.push_back(is_first ? value : std::min(last_, value));
        most_.push_back(is_first ? value : std::max(last_, value));
        end_ = (column + 1) * per_;
    }

    void fill(std::uint64_t columns) {
        if (columns <= most_.size()) return;
        least_.resize(columns, last_);
        most_.resize(columns, last_);
        end_ = columns * per_;
    }

    std::uint64_t per_ = 1;
    std::uint64_t end_ = 0; ///< the last event of the columns so far
    std::uint64_t last_ = 0;
    std::vector<std::uint64_t> least_;
    std::vector<std::uint64_t> most_;
};

} // namespace drone::usage
