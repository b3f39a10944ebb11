// SPDX-License-Identifier: MIT
#include "cli/log_talk.hpp"

#include "cli/say.hpp"

#include <unistd.h>

namespace drone::cli {

namespace {

/// Kilobytes a second between two moments.
double rate(const capture::progress& from, const capture::progress& to) {
    const auto passed = static_cast<double>(to.microseconds - from.microseconds);
    return passed > 0 ? static_cast<double>(to.bytes - from.bytes) / passed * 1000 : 0;
}

} // namespace

log_talk::log_talk(bool has_the_screen)
    : has_status_(!has_the_screen && ::isatty(STDERR_FILENO) == 1) {}

void log_talk::notice(std::string_view line) { print(line); }

void log_talk::failure(const error& what) {
    print(what.message);
    failed_ = true;
}

void log_talk::status(const capture::progress& now) {
    constexpr std::uint64_t patience_microseconds = 3'000'000;
    if (now.bytes == 0 && now.microseconds > patience_microseconds && !wondered_) {
        wondered_ = true;
        print("nothing has arrived yet; `drone doctor` looks why, over the debug port");
    }
    if (!has_status_) return;
    say("\r\x1b[K{:.1f} s  {} bytes  {} packets  {:.1f} kB/s  lost: {} overflows, {} bytes  buffer "
        "{:.0f} %",
        static_cast<double>(now.microseconds) / 1e6,
        now.bytes,
        now.packets,
        rate(before_, now),
        now.overflows,
        now.malformed + now.missing,
        now.queue_fill * 100);
    before_ = now;
    shown_ = true;
}

bool log_talk::finish() {
    if (shown_) say("\n");
    shown_ = false;
    return !failed_;
}

void log_talk::print(std::string_view line) {
    if (shown_) say("\r\x1b[K");
    say("drone: {}\n", line);
    shown_ = false;
}

} // namespace drone::cli
