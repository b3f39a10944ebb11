// SPDX-License-Identifier: MIT
#pragma once

#include "capture/sink.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace drone::capture {

/// Several sinks of one capture, each of which gets everything.
class fan_out : public sink {
public:
    void add(std::unique_ptr<sink> one) { all_.push_back(std::move(one)); }

    void on_packet(const stream::located_packet& found) override {
        for (const auto& one : all_)
            one->on_packet(found);
    }
    void on_run(const stream::software_run& run) override {
        for (const auto& one : all_)
            one->on_run(run);
    }
    void on_writes(const stream::write_batch& batch) override {
        for (const auto& one : all_)
            one->on_writes(batch);
    }
    [[nodiscard]] bool wants_writes_alone() const override {
        return std::ranges::all_of(all_, [](const auto& one) { return one->wants_writes_alone(); });
    }
    [[nodiscard]] bool wants_time() const override {
        return std::ranges::any_of(all_, [](const auto& one) { return one->wants_time(); });
    }
    void arrived(std::uint64_t microseconds) override {
        for (const auto& one : all_)
            one->arrived(microseconds);
    }
    void flush() override {
        for (const auto& one : all_)
            one->flush();
    }
    void finish() override {
        for (const auto& one : all_)
            one->finish();
    }
    [[nodiscard]] bool deaf() const override {
        return std::ranges::all_of(all_, [](const auto& one) { return one->deaf(); });
    }
    [[nodiscard]] std::vector<error> take_failures() override {
        std::vector<error> failures;
        for (const auto& one : all_)
            std::ranges::move(one->take_failures(), std::back_inserter(failures));
        return failures;
    }
    [[nodiscard]] std::vector<std::string> remarks() const override {
        std::vector<std::string> lines;
        for (const auto& one : all_)
            std::ranges::move(one->remarks(), std::back_inserter(lines));
        return lines;
    }

private:
    std::vector<std::unique_ptr<sink>> all_;
};

} // namespace drone::capture
