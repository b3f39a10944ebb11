// SPDX-License-Identifier: MIT
#include "capture/timed_lines.hpp"

#include <fmt/format.h>

namespace drone::capture {

void timed_lines::on_packet(const stream::located_packet& found) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr || !ports_.test(written->port)) return;
    line& now = lines_[written->port];
    for (unsigned i = 0; i < written->size; ++i) {
        const char letter = static_cast<char>(written->value >> 8 * i);
        if (now.text.empty()) now.began = found.time;
        now.text += letter;
        if (letter == '\n' || now.text.size() == longest_line) end_line(now);
    }
}

void timed_lines::finish() {
    for (line& waiting : lines_)
        if (!waiting.text.empty()) end_line(waiting);
}

std::vector<std::string> timed_lines::remarks() const {
    auto lines = output_sink::remarks();
    if (has_line_ && !has_time_)
        lines.emplace_back(
            "no line has a time, for the board sends none; write timestamps = true below [log] in "
            "Drone.toml"
        );
    return lines;
}

std::string timed_lines::time_of(const line& now) const {
    if (!now.began) return "-";
    if (!core_clock_) return fmt::to_string(*now.began);
    return fmt::format("{:.6f} s", static_cast<double>(*now.began) / *core_clock_);
}

void timed_lines::end_line(line& now) {
    has_line_ = true;
    has_time_ = has_time_ || now.began.has_value();
    to_.append(fmt::format("[{:>12}] ", time_of(now)));
    to_.append(now.text);
    if (now.text.back() != '\n') to_.append("\n");
    now.text.clear();
}

} // namespace drone::capture
