// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"

namespace drone::trace {

/// Two sinks that a trace feeds in one reading. Refers to both.
class tee final : public sink {
public:
    tee(sink& first, sink& second) : first_(first), second_(second) {}

    void on_changes(std::span<const change> changes) override {
        first_.on_changes(changes);
        second_.on_changes(changes);
    }
    void on_brief_changes(const brief_changes& changes) override {
        first_.on_brief_changes(changes);
        second_.on_brief_changes(changes);
    }
    void on_resize(const change& before, const change& after, resizing how) override {
        first_.on_resize(before, after, how);
        second_.on_resize(before, after, how);
    }
    void on_heap(const traced_heap& heap) override {
        first_.on_heap(heap);
        second_.on_heap(heap);
    }
    void on_failure(const failure& f) override {
        first_.on_failure(f);
        second_.on_failure(f);
    }
    void on_time(clock unit, std::uint64_t elapsed) override {
        first_.on_time(unit, elapsed);
        second_.on_time(unit, elapsed);
    }
    void on_position(std::uint64_t events) override {
        first_.on_position(events);
        second_.on_position(events);
    }
    void on_gap(std::uint64_t lost) override {
        first_.on_gap(lost);
        second_.on_gap(lost);
    }
    void on_live(const change& taken, bool certain) override {
        first_.on_live(taken, certain);
        second_.on_live(taken, certain);
    }

private:
    sink& first_;
    sink& second_;
};

} // namespace drone::trace
