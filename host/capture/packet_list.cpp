// SPDX-License-Identifier: MIT
#include "capture/packet_list.hpp"

#include "stream/describe.hpp"

#include <fmt/format.h>

namespace drone::capture {

std::vector<error> packet_list::take_failures() {
    if (auto failure = to_.take_failure()) return {std::move(*failure)};
    return {};
}

void packet_list::on_packet(const stream::located_packet& found, ticks time) {
    if (how_ == style::json) {
        to_.append(stream::describe_json(found, time) + "\n");
        return;
    }
    to_.append(fmt::format("{} {}", found.offset, stream::describe(found.value)));
    to_.append(time ? fmt::format(" time={}\n", *time) : "\n");
}

} // namespace drone::capture
