// SPDX-License-Identifier: MIT
#include "capture/packet_list.hpp"

#include "stream/describe.hpp"

#include <fmt/format.h>

namespace drone::capture {

void packet_list::on_packet(const stream::located_packet& found) {
    if (of_) {
        const auto* written = std::get_if<stream::software>(&found.value);
        if (written == nullptr || !of_->test(written->port)) return;
    }
    if (how_ == style::json) {
        to_.append(stream::describe_json(found) + "\n");
        return;
    }
    to_.append(fmt::format("{} {}", found.offset, stream::describe(found.value)));
    to_.append(found.time ? fmt::format(" time={}\n", *found.time) : "\n");
}

} // namespace drone::capture
