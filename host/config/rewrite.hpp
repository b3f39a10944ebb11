// SPDX-License-Identifier: MIT
#pragma once

// Writes a heap's pools into the text of a Drone.toml and leaves every other byte as it is:
// comments, order, spacing, line ends. Pure: text in, text out.

#include "error.hpp"

#include <drone/layout.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace drone::config {

/// What a heap's section is to say from now on.
struct heap_values {
    std::uint32_t size = 0; ///< bytes
    std::uint32_t alignment = default_alignment;
    std::vector<pool_spec> pools;
};

/// The value of `pools`, as it stands in the file: `[`, a pool a line, `]`.
[[nodiscard]] std::string format_pools(const std::vector<pool_spec>& pools);

/// The text with the heap's `size`, `pools` and, where it is not the default, `align` replaced; what
/// the section lacks is added to it, a heap that is not there gets a section at the end. A size
/// that already says the same keeps its spelling. Fails when the text is no sound Drone.toml, before
/// or after, and when the section is written inline and lacks a key. `file` stands for it in
/// messages.
[[nodiscard]] result<std::string> rewrite_heap(
    std::string_view text,
    const std::filesystem::path& file,
    std::string_view heap,
    const heap_values& values
);

} // namespace drone::config
