// SPDX-License-Identifier: MIT
#pragma once

// Traces whose events carry sizes and no identity: Drone 0.14 and Drone 2022.
//
// Any live block of a size is as good as another, so live blocks are counted by size. A release of
// a size of which none is live was taken before the capture began.
//
// The firmware behind both formats logs a resize that moves the block twice: as a resize, and as
// the allocation and the release that it is made of. Nothing in a record says so. But read as it
// is, such a trace releases blocks that were never taken; when that happens at a resize
// followed by its own allocation and release, the resizes that are followed so are left out.

#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace drone::trace {

/// An event that names a size and no block.
struct sized_event {
    enum class kind : std::uint8_t { taken, given_back, resized };

    kind what = kind::taken;
    std::uint32_t size = 0;     ///< bytes; before the resize
    std::uint32_t new_size = 0; ///< resized only

    friend bool operator==(const sized_event&, const sized_event&) = default;
};

/// The last three events, to see a resize with the allocation and the release that it is made of.
class resize_window {
public:
    /// Appends an event and returns the one that leaves the window, if `full()`.
    sized_event push(const sized_event& e);
    [[nodiscard]] bool full() const { return count_ == events_.size(); }
    /// Whether the window is a resize and its two parts.
    [[nodiscard]] bool holds_moved_resize() const;
    /// Takes the oldest event out. Requires that there is one.
    sized_event pop();
    [[nodiscard]] bool empty() const { return count_ == 0; }

private:
    std::array<sized_event, 3> events_{};
    std::size_t count_ = 0;
};

/// First pass: whether moved resizes are logged twice.
class moved_resize_detector {
public:
    void feed(const sized_event& e);
    [[nodiscard]] bool logged_twice() const { return logged_twice_; }

private:
    std::map<std::uint32_t, std::int64_t> live_; ///< by size, may be negative
    resize_window window_;
    bool logged_twice_ = false;
};

/// Second pass: events to changes.
class sized_reader {
public:
    sized_reader(sink& to, bool moves_logged_twice)
        : to_(to), moves_logged_twice_(moves_logged_twice) {}

    void feed(const sized_event& e);
    /// Events are missing here.
    void gap();
    void finish();

    findings found;

private:
    void pass(const sized_event& e);
    void take(std::uint32_t size) { ++live_[size]; }
    bool give_back(std::uint32_t size);

    batch to_;
    bool moves_logged_twice_;
    std::map<std::uint32_t, std::uint64_t> live_; ///< by size
    resize_window window_;
    std::uint64_t left_out_ = 0;
};

} // namespace drone::trace
