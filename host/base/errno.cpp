// SPDX-License-Identifier: MIT
#include "base/errno.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace drone::base {

std::string errno_text(int number) { return std::generic_category().message(number); }

error_kind errno_kind(int number) noexcept {
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return error_kind::missing;
    case EACCES:
    case EPERM:
    case EROFS:
        return error_kind::denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return error_kind::full;
    default:
        return error_kind::system;
    }
}

std::unexpected<error> fail_with_errno(std::string_view where, int number, std::string_view hint) {
    return fail(
        fmt::format("{}: {}{}{}", where, errno_text(number), hint.empty() ? "" : "; ", hint),
        errno_kind(number)
    );
}

} // namespace drone::base
