// SPDX-License-Identifier: MIT
#pragma once

// Several consumers of one capture, each of which hears everything.

#include "capture/consumer.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace drone::capture {

class consumers : public consumer {
public:
    void add(std::unique_ptr<consumer> one) { all_.push_back(std::move(one)); }

    void on_packet(const stream::located_packet& found) override {
        for (const auto& one : all_)
            one->on_packet(found);
    }
    void on_run(const stream::software_run& run) override {
        for (const auto& one : all_)
            one->on_run(run);
    }
    void arrived(std::uint64_t microseconds) override {
        for (const auto& one : all_)
            one->arrived(microseconds);
    }
    void fell_silent() override {
        for (const auto& one : all_)
            one->fell_silent();
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

private:
    std::vector<std::unique_ptr<consumer>> all_;
};

} // namespace drone::capture
