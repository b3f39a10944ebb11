// SPDX-License-Identifier: MIT
#pragma once

// A run in the formats of other tools (docs/exports.md). Each export reads the trace as often as its
// format asks, writes while it reads, and keeps in memory what is live and one entry for each caller.

#include "base/error.hpp"
#include "report/heap_report.hpp"
#include "trace/read.hpp"

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace drone::report {

/// A function of a stack.
struct frame {
    std::string function;
    std::string file;       ///< empty: not known
    std::uint32_t line = 0; ///< 0: not known

    friend auto operator<=>(const frame&, const frame&) = default;
};

/// What an export reads, and how it is to name what it finds.
class exported_run {
public:
    /// `report` has this one run, with details. With `anonymised`, functions are numbered in the
    /// order in which they are first asked for, and files and lines are left out.
    exported_run(const trace::source& trace, const heap_report& report, bool anonymised)
        : trace_(trace), report_(report), anonymised_(anonymised) {}

    [[nodiscard]] const trace::source& trace() const { return trace_; }
    [[nodiscard]] const heap_report& report() const { return report_; }
    [[nodiscard]] const run& details() const { return report_.runs.front(); }
    [[nodiscard]] bool is_anonymised() const { return anonymised_; }
    /// What stands for the file's name.
    [[nodiscard]] std::string title() const;

    /// The stack of a caller, innermost first, never empty: at least its address.
    [[nodiscard]] const std::vector<frame>& stack(std::uint32_t caller) const;
    /// A number for the caller: its code address where there is one; anonymised, or in a file that
    /// has names only, a number of its own.
    [[nodiscard]] std::uint64_t address(std::uint32_t caller) const;
    /// Whether times are known in microseconds.
    [[nodiscard]] bool has_time() const { return micros_per_unit() != 0; }
    /// 0: not known.
    [[nodiscard]] double micros_per_unit() const;

private:
    [[nodiscard]] frame anonymous(const frame& f) const;

    const trace::source& trace_;
    const heap_report& report_;
    bool anonymised_;
    mutable std::map<std::uint32_t, std::vector<frame>> stacks_;
    mutable std::map<frame, std::size_t> functions_; ///< anonymised: its number
    mutable std::map<std::uint32_t, std::uint64_t> addresses_;
};

/// What `--as` takes.
[[nodiscard]] std::vector<std::string> export_formats();
/// Whether the format is not text.
[[nodiscard]] bool is_binary(std::string_view format);

/// Writes the run in that format, one of export_formats(). Fails when the trace cannot be read or
/// `to`, which messages call `name`, does not take what is written.
[[nodiscard]] result<void>
write_export(const exported_run& of, std::string_view format, std::FILE* to, std::string_view name);

} // namespace drone::report
