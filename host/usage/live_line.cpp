// SPDX-License-Identifier: MIT
#include "usage/live_line.hpp"

#include "usage/halve.hpp"

#include <algorithm>

namespace drone::usage {

void live_line::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        if (c.gives_back)
            live_ -= std::min<std::uint64_t>(live_, c.size);
        else
            live_ += c.size;
        if (most_.empty() || in_last_ == stretch_) {
            if (most_.size() == 2 * fewest) {
                halve(most_, [](std::uint64_t a, std::uint64_t b) { return std::max(a, b); });
                stretch_ *= 2;
            }
            most_.push_back(0);
            in_last_ = 0;
        }
        most_.back() = std::max(most_.back(), live_);
        ++in_last_;
    }
}

} // namespace drone::usage
