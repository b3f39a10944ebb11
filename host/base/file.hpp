// SPDX-License-Identifier: MIT
#pragma once

// Small files, read and written as a whole. What is too large for that is file_bytes.

#include "base/error.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace drone::base {

/// What read_file() takes by default: no text of ours comes near it.
inline constexpr std::size_t small_file_bytes = std::size_t{16} << 20U;

/// The whole file. Fails when it cannot be read, is a folder, or has more than `limit` bytes; so it
/// ends for a device that never does.
[[nodiscard]] result<std::string>
read_file(const std::filesystem::path& path, std::size_t limit = small_file_bytes);

/// Puts `text` in the file's place, as a whole or not at all: it is written to a new file beside
/// it, synchronised, and renamed. A symbolic link stays, and what it points to is replaced; owner,
/// group and mode stay. A file that is not there is created. A device or a pipe is written as it is
/// and stays; a folder is refused.
///
/// With `expected`, the file must still hold exactly that, or the error is `changed`; among callers
/// of this function no change is ever lost. Errors are `denied`, `full` or `changed` where they are
/// that, and the file is then as it was.
[[nodiscard]] result<void> replace_file(
    const std::filesystem::path& path,
    std::string_view text,
    std::optional<std::string_view> expected = std::nullopt
);

} // namespace drone::base
