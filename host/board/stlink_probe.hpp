// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/debug_port.hpp"
#include "board/trace_receiver.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace drone::board {

/// Which ST-Link it is, and its firmware: V3J9, V2J40.
struct stlink_version {
    unsigned version = 3;
    unsigned jtag = 9;

    static constexpr std::uint16_t vendor = 0x0483;
    [[nodiscard]] std::uint16_t product() const { return version == 3 ? 0x374E : 0x3748; }
};

/// Reads `V2J40`: an ST-Link V2 or V3.
[[nodiscard]] result<stlink_version> parse_stlink_version(std::string_view text);

/// An ST-Link: what its firmware does with the commands that arrive by USB. Pure; the chip after it
/// is a debug_target.
///
/// Commands that it does not know are answered with zeros. JTAG is there as far as the host can
/// tell it from SWD: by the ID of the debug port.
class stlink_probe {
public:
    static constexpr std::size_t command_bytes = 16;

    stlink_probe(stlink_version version, debug_target& target, const chip& part = stm32f407())
        : version_(version), port_(target, part) {}

    /// One command, with the bytes that the host sends after it. The answer has the length that the
    /// host waits for, and is filled with zeros.
    void command(
        std::span<const std::uint8_t, command_bytes> command,
        std::span<const std::uint8_t> sent,
        std::span<std::uint8_t> answer
    );

    [[nodiscard]] trace_receiver& trace() { return trace_; }
    [[nodiscard]] const trace_receiver& trace() const { return trace_; }
    [[nodiscard]] const stlink_version& version() const { return version_; }
    /// The host is gone; the probe is as after power-on, the chip as it was.
    void disconnect();

private:
    enum class mode : std::uint8_t { dfu = 0, mass_storage = 1, debug = 2 };
    struct parameters;

    void debug_command(
        const parameters& p, std::span<const std::uint8_t> sent, std::span<std::uint8_t> answer
    );
    bool register_command(const parameters& p, std::span<std::uint8_t> answer);
    bool memory_command(
        const parameters& p, std::span<const std::uint8_t> sent, std::span<std::uint8_t> answer
    );
    bool trace_command(const parameters& p, std::span<std::uint8_t> answer);

    void read_memory(
        const parameters& p, unsigned unit, bool increments, std::span<std::uint8_t> answer
    );
    void write_memory(
        const parameters& p, unsigned unit, bool increments, std::span<const std::uint8_t> sent
    );
    void run_mixed(std::uint32_t items, std::span<const std::uint8_t> sent);
    [[nodiscard]] std::uint32_t read_port(const parameters& p);
    void write_port(const parameters& p);
    [[nodiscard]] std::uint32_t read_core_register(std::uint32_t selector);
    void write_core_register(std::uint32_t selector, std::uint32_t value);
    [[nodiscard]] std::uint32_t read_word(std::uint32_t address, unsigned port = 0);
    void write_word(std::uint32_t address, std::uint32_t value, unsigned port = 0);
    void note(bool done, unsigned port = 0);

    stlink_version version_;
    debug_port port_;
    trace_receiver trace_;
    mode mode_ = mode::mass_storage;
    bool uses_jtag_ = false;
    std::uint8_t status_ = 0x80;         // of the last access
    std::uint32_t faulting_address_ = 0; // of the last access, if it failed
    std::vector<std::uint8_t> mixed_;    // answer to the last RW_MISC_OUT
};

} // namespace drone::board
