// SPDX-License-Identifier: MIT
#pragma once

// What the virtual board takes from an ELF file: the bytes to write into flash, and the symbols by
// which a person names a function. Only linked 32-bit little-endian ARM programs are taken.

#include "base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace drone::board {

/// Bytes that are loaded to one address.
struct segment {
    std::uint32_t address = 0; ///< load address, where the bytes lie in flash
    std::vector<std::uint8_t> bytes;
};

/// A function or object of the firmware.
struct symbol {
    std::string name;          ///< as the linker knows it, mangled
    std::uint32_t address = 0; ///< without the Thumb bit
    std::uint32_t size = 0;    ///< bytes, 0 where the file does not say
    bool is_function = false;
};

/// An ELF file as the board needs it.
struct firmware {
    std::vector<segment> segments;
    std::vector<symbol> symbols;

    /// The one function or object of that name. The name may be mangled, demangled with its
    /// parameters, or demangled without them; the error says when none or several answer to it.
    [[nodiscard]] result<symbol> find(std::string_view name) const;
};

/// Reads a linked ARM program.
[[nodiscard]] result<firmware> read_firmware(const std::filesystem::path& path);

} // namespace drone::board
