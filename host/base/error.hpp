// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace drone {

/// What sort of failure an error is, for callers and tests that act on it. The message is for
/// people.
enum class error_kind : std::uint8_t {
    invalid, ///< what was given is not what it must be: a file's content, an option's value
    missing, ///< what was named does not exist
    denied,  ///< the system refuses the access: permissions, a read-only file system
    full,    ///< no room: disk, quota, file size limit
    changed, ///< somebody else changed it in the meantime
    system,  ///< any other failure of the system
};

/// What went wrong on the host, as a value. The message is one line: what is wrong, where (file,
/// line and column, or offset), and what to do. Only cli/ prints it.
struct error {
    std::string message;
    error_kind kind = error_kind::invalid;

    friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = std::expected<T, error>;

/// A failed result of any type.
[[nodiscard]] inline std::unexpected<error>
fail(std::string message, error_kind kind = error_kind::invalid) {
    return std::unexpected(error{std::move(message), kind});
}

} // namespace drone
