// SPDX-License-Identifier: MIT
#pragma once

#include "report/table.hpp"
#include "trace/findings.hpp"
#include "trace/sink.hpp"
#include "usage/analysis.hpp"
#include "usage/arena.hpp"
#include "usage/leaks.hpp"
#include "usage/statistics.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace drone::report {

/// One file.
struct run {
    std::string file;
    trace::findings found;
    usage::analysis details{0}; ///< for sections and JSON; the table and its remarks do without
    std::vector<usage::growth> growing;          ///< the worst first; needs details
    usage::arena arena{};                        ///< for its section and JSON
    std::optional<trace::traced_heap> heap = {}; ///< where the file announces one
};

/// The functions at a native caller's address, innermost first, each as `name at file:line`; empty
/// when nothing is known.
using caller_names = std::function<std::vector<std::string>(std::uint32_t address)>;

/// The functions at a place in a module's code, in the same way; empty when nothing is known.
using module_names =
    std::function<std::vector<std::string>(const trace::code_module& module, std::uint64_t offset)>;

/// A context's name, see wire::context_limit: an exception's, or a thread's number.
[[nodiscard]] std::string context_name(std::uint16_t context);
/// The same, or what that run calls it.
[[nodiscard]] std::string context_name(const run& in, std::uint16_t context);

/// A time by the clock that counted it: `0.001500 s by the host's clock`, `1200 ticks of the
/// target's clock`; empty where the trace has no clock.
[[nodiscard]] std::string
time_text(trace::clock unit, std::uint64_t time, std::optional<std::uint32_t> core_clock);

/// What `drone heap` has to say, gathered: the runs that were read and their union.
struct heap_report {
    usage::statistics usage; ///< of all runs
    std::vector<run> runs;
    std::optional<std::uint64_t> heap_size;  ///< bytes; what percentages are of
    std::optional<std::uint32_t> core_clock; ///< Hz; makes seconds of the target's ticks
    /// Functions and sizes whose blocks live as long as the program: no leaks, see is_permanent().
    std::vector<std::string> permanent;
    /// Functions that are not callers, such as wrappers of malloc, as is_named_like() has them.
    std::vector<std::string> skipped;
    bool full = false; ///< callers with all frames and template arguments
    look how;          ///< tables are shown
    caller_names functions_at = [](std::uint32_t) { return std::vector<std::string>{}; };
    module_names functions_in = [](const trace::code_module&, std::uint64_t) {
        return std::vector<std::string>{};
    };

    /// The functions of a caller in that run, innermost first: of each of its frames functions_at()
    /// or functions_in(), else the file's own names. Of a stack, a frame without a name is its address. Empty
    /// when no function is known.
    [[nodiscard]] std::vector<std::string> names(const run& in, std::uint32_t caller) const;
    /// The functions at one frame of a caller, which has no trace::stack_bit: it is an address, and on RISC-V many have
    /// that bit.
    [[nodiscard]] std::vector<std::string> names_at(const run& in, std::uint32_t frame) const;
};

/// A caller in words: its functions, the program's own ones first unless all are asked for; else its
/// address.
[[nodiscard]] std::string caller_text(const heap_report& r, const run& one, std::uint32_t caller);

/// Whether a growth is a leak for sure: it was steady, in a long trace without a gap. The rest is
/// suspected.
[[nodiscard]] bool is_certain(const run& one, const usage::growth& g);

/// Whether an entry of heap_report::permanent names the size, or one of the functions.
[[nodiscard]] bool
is_named(const std::string& entry, std::uint32_t size, const std::vector<std::string>& functions);

/// Whether one of heap_report::permanent names the size, or one of the functions: by its name with
/// or without namespaces and classes, `*` and `?` allowed.
[[nodiscard]] bool
is_permanent(const heap_report& r, std::uint32_t size, const std::vector<std::string>& functions);

} // namespace drone::report
