// SPDX-License-Identifier: MIT

#include "trace/formats/sized_events.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drone::trace {

using kind = sized_event::kind;

sized_event resize_window::push(const sized_event& e) {
    sized_event oldest;
    if (full()) oldest = pop();
    events_[count_++] = e;
    return oldest;
}

bool resize_window::holds_moved_resize() const {
    const auto& [resize, taken, given_back] = events_;
    return full() && resize.what == kind::resized && taken.what == kind::taken &&
           given_back.what == kind::given_back && taken.size == resize.new_size &&
           given_back.size == resize.size;
}

sized_event resize_window::pop() {
    const sized_event oldest = events_[0];
    std::shift_left(events_.begin(), events_.end(), 1);
    --count_;
    return oldest;
}

void moved_resize_detector::feed(const sized_event& e) {
    window_.push(e);
    switch (e.what) {
    case kind::taken:
        ++live_[e.size];
        break;
    case kind::given_back:
        if (--live_[e.size] < 0) {
            live_[e.size] = 0;
            if (window_.holds_moved_resize()) logged_twice_ = true;
        }
        break;
    case kind::resized:
        live_[e.size] = std::max<std::int64_t>(live_[e.size] - 1, 0);
        ++live_[e.new_size];
        break;
    }
}

void sized_reader::feed(const sized_event& e) {
    if (!moves_logged_twice_) return pass(e);
    const bool leaves = window_.full();
    const sized_event oldest = window_.push(e);
    if (leaves) pass(oldest);
    if (window_.holds_moved_resize()) {
        window_.pop();
        ++left_out_;
    }
}

void sized_reader::gap() {
    ++found.gaps;
    to_.now().on_gap(0);
}

void sized_reader::finish() {
    while (!window_.empty())
        pass(window_.pop());
    if (left_out_ != 0)
        found.notices.push_back(fmt::format(
            "Moved resizes that are logged twice, as a resize and as an allocation and a release: {}. "
            "They are counted once.",
            left_out_
        ));
    to_.flush();
    for (const auto& [size, count] : live_)
        for (std::uint64_t i = 0; i < count; ++i)
            to_.now().on_live({.size = size}, found.gaps == 0);
}

void sized_reader::pass(const sized_event& e) {
    ++found.events;
    switch (e.what) {
    case kind::taken:
        take(e.size);
        to_.change({.size = e.size});
        break;
    case kind::given_back:
        if (give_back(e.size))
            to_.change({.size = e.size, .gives_back = true});
        else
            to_.position(found.events);
        break;
    case kind::resized: {
        const bool known = give_back(e.size);
        take(e.new_size);
        if (known)
            to_.resize({.size = e.size, .gives_back = true}, {.size = e.new_size});
        else
            to_.change({.size = e.new_size});
        break;
    }
    }
}

bool sized_reader::give_back(std::uint32_t size) {
    const auto found_live = live_.find(size);
    if (found_live == live_.end() || found_live->second == 0) {
        ++found.freed_unknown;
        return false;
    }
    --found_live->second;
    return true;
}

} // namespace drone::trace
