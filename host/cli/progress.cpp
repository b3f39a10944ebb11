// SPDX-License-Identifier: MIT
#include "cli/progress.hpp"

#include "cli/say.hpp"

#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace drone::cli {

std::function<void(double)> progress_of(const std::string& file) {
    constexpr std::uintmax_t soon_read = std::uintmax_t{32} << 20U; // bytes
    std::error_code unknown;
    const std::uintmax_t bytes = std::filesystem::file_size(file, unknown);
    if (unknown || bytes < soon_read || ::isatty(STDERR_FILENO) != 1) return {};
    return [file, shown = -1](double share) mutable {
        const int percent = static_cast<int>(100 * share);
        if (percent == shown) return;
        shown = percent;
        if (percent < 100) {
            say_text("\r");
            say("reading {}: {} %", file, percent);
        } else {
            say_text("\r\x1b[K");
        }
    };
}

} // namespace drone::cli
