// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/measure.hpp"

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace drone::board {

/// What to measure during a run, and where to write it.
struct measurement_options {
    std::string elf;                  ///< for the symbols
    std::vector<std::string> counts;  ///< functions whose calls are counted
    std::vector<std::string> logs;    ///< functions whose calls are logged
    std::vector<std::string> between; ///< FROM:TO
    bool longest_masked = false;
    std::string report = "-"; ///< JSON of the counts, at the end; - for standard error
    std::string calls = "-";  ///< a line of JSON for each logged call; - for standard error

    [[nodiscard]] bool any() const {
        return !counts.empty() || !logs.empty() || !between.empty() || longest_masked;
    }
};

/// The measurements that the command line of drone-board can ask for, by symbol, and their report.
class measurements {
public:
    /// Sets up what is asked for; the board must live as long.
    static result<std::unique_ptr<measurements>>
    start(const measurement_options& options, virtual_board& board);

    /// Writes the report.
    [[nodiscard]] result<void> finish();

private:
    explicit measurements(const measurement_options& options) : options_(options) {}
    [[nodiscard]] result<void> watch_calls(const firmware& program, virtual_board& board);
    [[nodiscard]] result<void> watch_stretches(const firmware& program, virtual_board& board);
    void returned(const call& done);

    measurement_options options_;
    std::vector<std::string> names_;    // counted functions, then logged ones
    std::vector<distribution> counted_; // as options_.counts
    std::vector<std::pair<std::string, std::unique_ptr<stretch_meter>>> stretches_;
    std::unique_ptr<call_meter> calls_;
    std::unique_ptr<mask_meter> mask_;
    std::ofstream log_file_;
};

} // namespace drone::board
