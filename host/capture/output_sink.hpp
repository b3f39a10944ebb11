// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output.hpp"
#include "capture/sink.hpp"

#include <utility>
#include <vector>

namespace drone::capture {

/// A sink that writes to one output.
class output_sink : public sink {
public:
    explicit output_sink(output to) : to_(std::move(to)) {}

    void flush() override { to_.flush(); }
    [[nodiscard]] bool deaf() const override { return to_.failed(); }
    [[nodiscard]] std::vector<error> take_failures() override {
        if (auto failure = to_.take_failure()) return {std::move(*failure)};
        return {};
    }

protected:
    output to_;
};

} // namespace drone::capture
