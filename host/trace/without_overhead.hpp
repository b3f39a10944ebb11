// SPDX-License-Identifier: MIT
#pragma once

// Hooks of some allocators report the block, with its header, where a trace has the bytes asked for.

#include "trace/sink.hpp"

#include <cstdint>
#include <vector>

namespace drone::trace {

/// A sink that hands everything on to another, with so many bytes less in every size; one byte is
/// left at least.
class without_overhead final : public sink {
public:
    /// Refers to `to`.
    without_overhead(sink& to, std::uint32_t overhead) : to_(to), overhead_(overhead) {}

    void on_changes(std::span<const change> changes) override {
        less_.assign(changes.begin(), changes.end());
        for (change& c : less_)
            c = less(c);
        to_.on_changes(less_);
    }
    void on_resize(const change& before, const change& after, resizing how) override {
        to_.on_resize(less(before), less(after), how);
    }
    void on_heap(const traced_heap& heap) override { to_.on_heap(heap); }
    void on_failure(const failure& f) override {
        failure asked = f;
        asked.size = less(f.size);
        to_.on_failure(asked);
    }
    void on_time(clock unit, std::uint64_t elapsed) override { to_.on_time(unit, elapsed); }
    void on_position(std::uint64_t events) override { to_.on_position(events); }
    void on_gap(std::uint64_t lost) override { to_.on_gap(lost); }
    void on_live(const change& taken, bool certain) override { to_.on_live(less(taken), certain); }

private:
    [[nodiscard]] std::uint32_t less(std::uint32_t size) const {
        return size > overhead_ ? size - overhead_ : 1;
    }
    [[nodiscard]] change less(const change& c) const {
        change asked = c;
        asked.size = less(c.size);
        return asked;
    }

    sink& to_;
    std::uint32_t overhead_;
    std::vector<change> less_;
};

} // namespace drone::trace
