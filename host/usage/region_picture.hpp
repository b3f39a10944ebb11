// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"
#include "usage/extremes.hpp"
#include "usage/region_usage.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::usage {

/// A region over a run as a picture: addresses in rows, time in columns, how much of each cell is in
/// use. The region is one of ours, or a whole heap that is not ours.
class region_picture {
public:
    static constexpr std::size_t rows = 96;
    static constexpr std::uint64_t columns = 512; ///< at most
    static constexpr unsigned full = 15;          ///< the shade of a cell that is all in use

    region_picture() = default;
    /// Of the heap's region, for a run of so many events.
    region_picture(const trace::traced_heap& heap, std::uint64_t events);

    [[nodiscard]] bool exists() const { return now_.exists(); }
    [[nodiscard]] bool holds(trace::block_number block) const { return now_.holds(block); }

    /// To be called before an event is applied, so that columns that begin with it are drawn.
    void before(std::uint64_t event) {
        if (event >= due_) [[unlikely]]
            draw(event);
    }
    void take(const trace::change& c, std::uint64_t event);
    void give_back(const trace::change& c, std::uint64_t event);
    void resize(const trace::change& before, const trace::change& after, std::uint64_t event);
    void note_peak();
    void finish(std::uint64_t events);

    [[nodiscard]] std::uint64_t bytes() const { return now_.room(); }
    /// Events of a column.
    [[nodiscard]] std::uint64_t per() const { return hole_.per(); }
    /// A shade a cell, 0 to `full`: of the state when a column began, each from the lowest address.
    [[nodiscard]] const std::vector<std::uint8_t>& shades() const { return shades_; }
    /// By column, the largest hole when that was smallest, and the fewest bytes not in use.
    [[nodiscard]] const std::vector<std::uint64_t>& least_hole() const { return hole_.least(); }
    [[nodiscard]] const std::vector<std::uint64_t>& least_free() const { return free_.least(); }
    /// At the run's peak of live bytes.
    [[nodiscard]] std::uint64_t hole_at_peak() const { return hole_at_peak_; }
    [[nodiscard]] std::uint64_t free_at_peak() const { return free_at_peak_; }

private:
    void draw(std::uint64_t event);
    void draw_column();
    void note(std::uint64_t event);

    region_usage now_;
    std::uint64_t due_ = UINT64_MAX; ///< the event that begins the next column
    extremes hole_;
    extremes free_;
    std::vector<std::uint8_t> shades_;
    std::uint64_t hole_at_peak_ = 0;
    std::uint64_t free_at_peak_ = 0;
};

} // namespace drone::usage
