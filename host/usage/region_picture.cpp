// SPDX-License-Identifier: MIT
#include "usage/region_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace drone::usage {

region_picture::region_picture(const trace::traced_heap& heap, std::uint64_t events)
    : now_(heap), hole_(std::max<std::uint64_t>(1, (events + columns - 1) / columns)),
      free_(hole_.per()) {
    if (exists()) due_ = 1;
}

void region_picture::take(const trace::change& c, std::uint64_t event) {
    now_.take(c, false, event);
    note(event);
}

void region_picture::give_back(const trace::change& c, std::uint64_t event) {
    now_.give_back(c, event);
    note(event);
}

void region_picture::resize(
    const trace::change& before, const trace::change& after, std::uint64_t event
) {
    now_.resize(before, after, event);
    note(event);
}

void region_picture::note(std::uint64_t event) {
    hole_.note(event, now_.largest_hole());
    free_.note(event, now_.bytes_free());
}

void region_picture::note_peak() {
    hole_at_peak_ = now_.largest_hole();
    free_at_peak_ = now_.bytes_free();
}

/// Every column that begins up to this event.
void region_picture::draw(std::uint64_t event) {
    for (; due_ <= event; due_ += per())
        draw_column();
}

void region_picture::draw_column() {
    std::array<double, rows> used{};
    const double row = static_cast<double>(bytes()) / rows;
    for (const auto& [begin, block] : now_.live()) {
        const double from = static_cast<double>(begin) / row;
        const double to = static_cast<double>(block.end) / row;
        for (auto i = static_cast<std::size_t>(from); i < rows && static_cast<double>(i) < to; ++i)
            used[i] +=
                std::min(to, static_cast<double>(i + 1)) - std::max(from, static_cast<double>(i));
    }
    for (const double share : used)
        shades_.push_back(static_cast<std::uint8_t>(std::lround(std::min(share, 1.0) * full)));
}

void region_picture::finish(std::uint64_t events) {
    if (!exists()) return;
    draw(events);
    due_ = UINT64_MAX;
    hole_.finish(events);
    free_.finish(events);
}

} // namespace drone::usage
