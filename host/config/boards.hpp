// SPDX-License-Identifier: MIT
#pragma once

// The boards that `drone new` knows (chips.toml), and the probes that [probe] may name.

#include "base/error.hpp"
#include "config/chip.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::config {

/// A chip on a board, with what a new project for it begins with.
struct board : chip {
    static constexpr std::uint32_t usual_stack = 4 * 1024; ///< that the linker script keeps

    std::string name{};
    std::string probe = "openocd"; ///< one of probe_kinds
    std::string interface{};       ///< of OpenOCD: interface/NAME.cfg

    /// "STM32F446RE, cortex-m4, 512K flash, 128K RAM, swo".
    [[nodiscard]] std::string description() const;
    /// Bytes of a new project's heap: what its example asks for, or three eighths of a small RAM.
    [[nodiscard]] std::uint32_t heap_size() const noexcept;
    /// Bytes that a new project keeps for its stack.
    [[nodiscard]] std::uint32_t stack_size() const noexcept;
};

/// All of them: the virtual board first, then boards, then chips, which are boards of their own name
/// in small letters.
[[nodiscard]] std::span<const board> supported_boards();

/// What a probe's tool calls the chip that a user spells: the name of a board or a chip, in letters
/// large or small, or the tool's own name for one. As it is spelled if it is none of them.
[[nodiscard]] std::string chip_name(std::string_view kind, std::string_view spelled);

/// What the probe's tool calls the chip.
[[nodiscard]] const std::string& chip_name(std::string_view kind, const chip& c);

/// The board of that name, in letters large or small; or null.
[[nodiscard]] const board* find_board(std::string_view name);

/// The boards that a file like chips.toml describes.
[[nodiscard]] result<std::vector<board>> read_boards(std::string_view text, std::string_view name);

/// What [probe] kind may say.
inline constexpr std::string_view probe_kinds[] = {
    "virtual", "openocd", "gdb", "jlink", "bmp", "pyocd", "probe-rs"
};

} // namespace drone::config
