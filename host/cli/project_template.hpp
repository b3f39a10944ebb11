// SPDX-License-Identifier: MIT
#pragma once

// A new project from the files of templates/ (templates/README.md names the placeholders).

#include "base/error.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace drone::cli {

/// The text in place of `{{key}}`, by key.
using placeholders = std::map<std::string, std::string, std::less<>>;

/// The text with every `{{key}}` of a known key replaced; any other braces stay.
[[nodiscard]] std::string fill_in(std::string_view text, const placeholders& values);

/// Copies a folder of templates into `target`, filled in, with permissions. Everything is read
/// before anything is written. Refuses a target that is there and not empty.
[[nodiscard]] result<void> instantiate(
    const std::filesystem::path& templates,
    const std::filesystem::path& target,
    const placeholders& values
);

} // namespace drone::cli
