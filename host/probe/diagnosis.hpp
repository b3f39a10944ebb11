// SPDX-License-Identifier: MIT
#pragma once

// Findings as they are made, for the files that make them: the core's trace (doctor.cpp), what its
// chip has around it (doctor_chip.cpp), UARTs (doctor_uart.cpp).

#include "probe/doctor.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drone::probe {

class diagnosis {
public:
    explicit diagnosis(const registers& seen) : seen_(seen) {}

    /// What is at an address; notes that it cannot be read.
    [[nodiscard]] std::optional<std::uint32_t> at(std::uint32_t address) {
        const auto found = seen_.find(address);
        if (found != seen_.end() && found->second) return found->second;
        unknown(fmt::format("{:#010x} cannot be read", address));
        return std::nullopt;
    }
    void right(std::string what) {
        found_.push_back({finding::verdict::right, std::move(what), {}});
    }
    void unknown(std::string what) {
        found_.push_back({finding::verdict::unknown, std::move(what), {}});
    }
    void wrong(std::string what, std::vector<mend> mending = {}) {
        found_.push_back({finding::verdict::wrong, std::move(what), std::move(mending)});
    }
    void judge(bool is_right, std::string good, std::string bad, std::vector<mend> mending) {
        if (is_right) return right(std::move(good));
        wrong(std::move(bad), std::move(mending));
    }
    [[nodiscard]] std::vector<finding> all() && { return std::move(found_); }

private:
    const registers& seen_;
    std::vector<finding> found_;
};

/// Whether the chip's name begins so, in letters of any size; `begins` has small ones.
[[nodiscard]] bool chip_is(const setup& s, std::string_view begins);

/// A UART takes rates that are so far off.
inline constexpr double rate_tolerance = 0.03;

/// The trace port's registers: the H7 has a block for SWO alone, without a formatter, and locked.
struct trace_port {
    std::uint32_t base = 0xE004'0000;
    bool is_swo_alone = false;
    [[nodiscard]] std::uint32_t prescaler() const { return base + 0x010; }
    [[nodiscard]] std::uint32_t protocol() const { return base + 0x0F0; }
    [[nodiscard]] std::uint32_t formatter() const { return base + 0x304; }
};
[[nodiscard]] trace_port trace_port_of(const setup& s);

/// The write to a register of a CoreSight component, which is unlocked first where it may be locked.
[[nodiscard]] std::vector<mend>
unlocked(std::uint32_t component, bool is_locked, const mend& write);

/// The chip's own registers between the core's trace and its pin.
[[nodiscard]] std::vector<std::uint32_t> chip_trace_registers(const setup& s);
void diagnose_chip_trace(const setup& s, diagnosis& d);

} // namespace drone::probe
