// SPDX-License-Identifier: MIT
#pragma once

// What went wrong on the host, as a value. A message is one clear line for the user: what is wrong,
// where (file, line and column, or offset), and what to do about it. Only cli/ prints it.

#include <expected>
#include <string>
#include <utility>

namespace drone {

struct error {
    std::string message;

    friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = std::expected<T, error>;

/// A failed result of any type.
[[nodiscard]] inline std::unexpected<error> fail(std::string message) {
    return std::unexpected(error{std::move(message)});
}

} // namespace drone
