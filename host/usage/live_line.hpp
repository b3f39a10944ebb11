// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace drone::usage {

/// The live bytes over a run, as the most of each of its stretches: at most 2 * `fewest`, all of the
/// same number of changes but the last. Memory does not grow with the run.
class live_line final : public trace::sink {
public:
    static constexpr std::size_t fewest = 128; ///< stretches of a run of so many changes or more

    void on_changes(std::span<const trace::change> changes) override;

    [[nodiscard]] const std::vector<std::uint64_t>& most() const { return most_; }

private:
    std::vector<std::uint64_t> most_;
    std::uint64_t stretch_ = 1; ///< changes
    std::uint64_t in_last_ = 0; ///< changes of the last stretch
    std::uint64_t live_ = 0;
};

} // namespace drone::usage
