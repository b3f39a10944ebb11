// SPDX-License-Identifier: MIT
#include "capture/timed_lines.hpp"

#include <fmt/format.h>

namespace drone::capture {

void timed_lines::on_packet(const stream::located_packet& found, ticks time) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr || !ports_.test(written->port)) return;
    line& now = lines_[written->port];
    for (unsigned i = 0; i < written->size; ++i) {
        if (now.text.empty()) now.began = time;
        now.text += static_cast<char>(written->value >> 8 * i);
        if (now.text.back() == '\n') write(now);
    }
}

void timed_lines::finish() {
    for (line& waiting : lines_) {
        if (waiting.text.empty()) continue;
        waiting.text += '\n';
        write(waiting);
    }
}

void timed_lines::write(line& complete) {
    to_.append(fmt::format("[{:>12}] ", complete.began ? fmt::to_string(*complete.began) : "-"));
    to_.append(complete.text);
    complete.text.clear();
}

} // namespace drone::capture
