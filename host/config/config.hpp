// SPDX-License-Identifier: MIT
#pragma once

// Drone.toml as structs: what a project says about its heaps, memories, probe and log.
//
// Every section is optional here, because a command asks only for what it needs (require_...). What
// is there is checked: heaps do not overlap, regions are within 32 bits, and unknown keys are refused.
// Pools that no heap can have do not keep a file from being read (heap::unusable), for they are what
// `drone heap generate` replaces. Errors read `Drone.toml:LINE:COLUMN: what is wrong; what to do`.

#include "base/error.hpp"
#include "config/chip.hpp"

#include <drone/layout.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drone::config {

/// The name of the file that makes a folder a project.
inline constexpr std::string_view file_name = "Drone.toml";

/// The name of the heap that `[heap]` itself and `[heap.main]` describe.
inline constexpr std::string_view main_heap = "main";

/// A heap: `[heap]`, `[heap.main]` or `[heap.NAME]`.
struct heap {
    std::string name;
    std::uint32_t size = 0; ///< bytes, positive
    std::uint32_t alignment = default_alignment;
    std::optional<std::uint32_t> origin; ///< address; without it the linker finds a place
    std::string memory;                  ///< a name in [memory]: where; empty: ram
    bool overflow = false;               ///< whether what the pools leave is one region
    std::vector<pool_spec> pools;        ///< ascending; empty when the file names none yet
    /// Functions, and sizes in bytes, whose blocks live as long as the program: no leaks.
    std::vector<std::string> permanent;
    /// What is wrong with the pools: no heap can have them, or they do not fit. Whoever needs the
    /// heap as it is fails with this; whoever lays it out anew does not care.
    std::optional<error> unusable;
};

/// Bytes of all blocks.
[[nodiscard]] std::uint64_t pool_bytes(const heap& h) noexcept;

/// `[probe]`: how the tool reaches the board.
struct probe {
    std::string kind;  ///< one of probe_kinds
    std::string board; ///< one of supported_boards(), or empty
    std::string core;  ///< "cortex-m4"; the board's where it is known
    std::string chip;  ///< as the probe's tool calls it: "stm32f4x", "STM32F407VG"
    std::string interface = "stlink-dap";     ///< of OpenOCD
    std::string transport;                    ///< of OpenOCD; empty: what the interface takes
    std::string serial;                       ///< of the probe; empty: there is one
    std::string server;                       ///< HOST:PORT of a gdb server, or the probe's device
    std::vector<std::string> commands;        ///< of OpenOCD, before `init`
    std::optional<config::fpu> fpu;           ///< of the core; unknown: what it usually has
    std::vector<register_write> trace_writes; ///< before SWO comes out of the chip's pin
};

/// How the bytes of the log are framed.
enum class log_format : std::uint8_t { swo, tpiu, dso };

/// How the log leaves the board.
enum class log_carrier : std::uint8_t { swo, rtt };

/// `[log]`: how the board's log reaches the tool.
struct log {
    log_carrier carrier = log_carrier::swo;
    std::uint32_t rtt_channel = 0; ///< an up-buffer
    log_format format = log_format::swo;
    std::uint8_t tpiu_id = 1; ///< 1 to 111: the ITM's stream in TPIU frames (format tpiu)
    std::uint32_t baud = 2'000'000;
    bool timestamps = false;                  ///< ask the board for local timestamps
    std::optional<std::uint32_t> core_clock;  ///< Hz: what makes seconds of the board's ticks
    std::optional<std::uint32_t> trace_clock; ///< Hz, of the TPIU; without it core_clock

    /// Hz: what makes the rate of the log, where it is known.
    [[nodiscard]] std::optional<std::uint32_t> divided_clock() const {
        return trace_clock ? trace_clock : core_clock;
    }
};

/// A project's Drone.toml.
struct project {
    std::filesystem::path file;      ///< as it was found: messages name it so
    std::vector<config::heap> heaps; ///< main first, then by name
    std::optional<config::memory> memory;
    std::optional<config::probe> probe;
    config::log log;

    /// The heap of that name, or null.
    [[nodiscard]] const config::heap* find_heap(std::string_view name = main_heap) const noexcept;
};

/// The text of a Drone.toml. `name` is the name of the file in messages.
[[nodiscard]] result<project> parse(std::string_view text, const std::filesystem::path& name);

/// Reads that file.
[[nodiscard]] result<project> read(const std::filesystem::path& file);

/// The Drone.toml of `folder` or of the nearest folder above that has one; nothing when none has.
[[nodiscard]] std::optional<std::filesystem::path> find(const std::filesystem::path& folder);

/// Reads what find() finds; none found is an error.
[[nodiscard]] result<project> read_nearest(const std::filesystem::path& folder = ".");

/// The section, or an error that says how to write one. A heap with pools that it cannot have is an
/// error, too.
[[nodiscard]] result<heap> require_heap(const project& p, std::string_view name = main_heap);
[[nodiscard]] result<memory> require_memory(const project& p);
[[nodiscard]] result<probe> require_probe(const project& p);
/// The core that [probe] names, or that of its board.
[[nodiscard]] result<std::string> require_core(const project& p);

/// `"swo"`, `"tpiu:ID"` (ID from 1 to 111) or `"dso"`: the format and ID of a log.
[[nodiscard]] result<log> parse_format(std::string_view text);

/// Bytes: `512`, `"0x800"`, `"10K"` (K = 1024, M = 1024 K, G = 1024 M, either case).
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);

/// Hertz: `168000000`, `"168 MHz"`, `"32768 Hz"`, `"12.5MHz"`; from 1 Hz to 4 GHz.
[[nodiscard]] result<std::uint32_t> parse_frequency(std::string_view text);

/// The shortest way to write it that parse_size() reads back: 10240 is "10K".
[[nodiscard]] std::string format_size(std::uint64_t bytes);

} // namespace drone::config
