// SPDX-License-Identifier: MIT

#include "trace/statistics.hpp"

namespace drone::trace {

void statistics::begin_run() {
    for (counts& of_size : small_)
        of_size.live = 0;
    for (auto& [size, of_size] : large_)
        of_size.live = 0;
    live_bytes_ = 0;
}

std::vector<size_usage> statistics::rows() const {
    std::vector<size_usage> rows;
    const auto add = [&](std::uint32_t size, const counts& of_size) {
        if (of_size.total != 0)
            rows.push_back({size, static_cast<std::uint64_t>(of_size.max_load), of_size.total});
    };
    for (std::uint32_t size = 0; size < small_limit; ++size)
        add(size, small_[size]);
    for (const auto& [size, of_size] : large_)
        add(size, of_size);
    std::ranges::sort(rows, {}, &size_usage::size);
    return rows;
}

std::uint64_t statistics::maximum_usage() const {
    std::uint64_t bytes = 0;
    for (const size_usage& row : rows())
        bytes += row.size * row.max_load;
    return bytes;
}

} // namespace drone::trace
