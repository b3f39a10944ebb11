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

void timed_lines::end_line(line& now) {
    to_.append(fmt::format("[{:>12}] ", now.began ? fmt::to_string(*now.began) : "-"));
    to_.append(now.text);
    if (now.text.back() != '\n') to_.append("\n");
    now.text.clear();
}

} // namespace drone::capture
