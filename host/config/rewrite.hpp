// SPDX-License-Identifier: MIT
#pragma once

// Writes a heap's pools into the text of a Drone.toml and leaves every other byte as it is:
// comments, order, spacing, line ends. Pure: text in, text out.

#include "base/error.hpp"
#include "config/config.hpp"

#include <drone/layout.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace drone::config {

/// The value of `pools`, as it is in the file: `[`, a pool a line, `]`.
[[nodiscard]] std::string format_pools(std::span<const pool_spec> pools);

/// The heap as a section: header, size, overflow where it is true, align where it is not the
/// default, origin where there is one, pools, permanent where there is any.
[[nodiscard]] std::string format_heap(const heap& written);

/// The text with the `size`, `pools` and, where they change, `overflow` and `align` of the heap of
/// that name replaced; what the section lacks is added to it, a heap that is not there gets a section at the
/// end. A size that already says the same keeps its spelling, an origin is left alone. Fails when
/// the text is not a sound Drone.toml, before or after, and when the section is written inline and
/// lacks a key. `remarks`, comment lines about the pools, come after them in the section, in place of
/// those of an older layout; not where it is inline. `file` is its name in messages.
[[nodiscard]] result<std::string> rewrite_heap(
    std::string_view text,
    const std::filesystem::path& file,
    const heap& written,
    const std::string& remarks = {}
);

} // namespace drone::config
