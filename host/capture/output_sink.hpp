// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output.hpp"
#include "capture/sink.hpp"

#include <fmt/format.h>

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

    /// A file whose ports are silent is empty, and nobody should find that out later.
    [[nodiscard]] std::vector<std::string> remarks() const override {
        if (to_.size() != 0 || to_.failed() || to_.removed() == 0) return {};
        return {fmt::format(
            "nothing came on the ports of {}: it is empty now, and had {} bytes before",
            to_.name(),
            to_.removed()
        )};
    }

protected:
    output to_;
};

} // namespace drone::capture
