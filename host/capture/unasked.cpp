// SPDX-License-Identifier: MIT
#include "capture/unasked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace drone::capture {

void unasked::on_packet(const stream::located_packet& found) {
    if (const auto* written = std::get_if<stream::software>(&found.value))
        ++packets_[written->port];
}

void unasked::on_run(const stream::software_run& run) { packets_[run.port] += run.count(); }

void unasked::on_writes(const stream::write_batch& batch) {
    for (const stream::write_batch::write& one : batch.writes)
        ++packets_[one.port];
}

std::vector<std::string> unasked::remarks() const {
    constexpr std::size_t named = 4;
    std::vector<std::pair<std::uint64_t, std::size_t>> most; // packets, port
    for (std::size_t port = 0; port < port_count; ++port)
        if (packets_[port] != 0 && !asked_.test(port)) most.emplace_back(packets_[port], port);
    // Ports of further pages, as ITM has them and Drone's firmware does not.
    const std::uint64_t beyond =
        std::accumulate(packets_.begin() + port_count, packets_.end(), std::uint64_t{0});
    if (most.empty() && beyond == 0) return {};
    std::ranges::stable_sort(most, std::ranges::greater{}, [](const auto& one) {
        return one.first;
    });
    std::string list;
    std::uint64_t others = 0;
    for (std::size_t i = 0; i < most.size(); ++i) {
        const auto [packets, port] = most[i];
        if (i >= named)
            others += packets;
        else
            list += fmt::format("{}{} of port {}", list.empty() ? "" : ", ", packets, port);
    }
    if (beyond != 0)
        list +=
            fmt::format("{}{} of ports above {}", list.empty() ? "" : ", ", beyond, port_count - 1);
    if (others != 0) list += fmt::format(", {} of {} other ports", others, most.size() - named);
    return {fmt::format("{}: {}", what_, list)};
}

} // namespace drone::capture
