// SPDX-License-Identifier: MIT
#pragma once

// Why a log is silent: what the registers of a target say of it. Pure: the caller reads and writes.

#include "base/error.hpp"
#include "probe/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drone::probe {

/// Words of the target by address; none where it could not be read.
using registers = std::map<std::uint32_t, std::optional<std::uint32_t>>;

/// A write that mends something: the bits of `mask` become those of `value`.
struct mend {
    std::uint32_t address = 0;
    std::uint32_t mask = 0xFFFF'FFFF;
    std::uint32_t value = 0;

    friend bool operator==(const mend&, const mend&) = default;
};

/// What one register, or a few, decide.
struct finding {
    enum class verdict : std::uint8_t {
        right,
        wrong,
        mended,  ///< it was wrong, and its writes are done
        unknown, ///< it could not be read, or depends on what the tool does not know
    };
    verdict is = verdict::right;
    std::string what;          ///< what is right or wrong, and what to do
    std::vector<mend> mending; ///< in this order; none: nothing that a write could mend
};

/// The registers that decide whether SWO speaks, of this chip.
[[nodiscard]] std::vector<std::uint32_t> swo_registers(const setup& s);
[[nodiscard]] std::vector<finding> diagnose_swo(const setup& s, const registers& seen);

/// The same for the UARTs of this chip. The log's baud is what the rate of each that sends is compared
/// with, and the log's trace clock, or else its core clock, what it divides.
[[nodiscard]] std::vector<std::uint32_t> uart_registers(const setup& s);
[[nodiscard]] std::vector<finding> diagnose_uart(const setup& s, const registers& seen);

/// RTT's descriptor, at two moments.
struct rtt_sight {
    std::optional<std::uint32_t> block; ///< its address; none: not found
    std::uint32_t ups = 0;
    std::uint32_t size = 0;
    std::uint32_t written = 0;
    std::uint32_t read = 0;
    std::uint32_t read_later = 0;
    std::uint32_t written_later = 0;
};
[[nodiscard]] std::vector<finding> diagnose_rtt(const setup& s, const rtt_sight& seen);

/// What became of the findings of which the wrong ones were mended, by those that were made afterwards: what is no
/// longer wrong is mended, and what is wrong only now comes last.
[[nodiscard]] std::vector<finding>
after_mending(std::vector<finding> before, const std::vector<finding>& now);

/// "right   ITM: …", and for what is wrong the write, as OpenOCD and gdb take it.
[[nodiscard]] std::string describe(const finding& f);

} // namespace drone::probe
