// SPDX-License-Identifier: MIT
#include "usage/fleet.hpp"

#include "trace/formats/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

namespace drone::usage {

namespace {

using nlohmann::json;

struct need {
    std::uint32_t peak = 0;
    bool exhausted = false;
};
using device = std::map<std::uint32_t, need>; ///< by block

/// A count; nothing where there is something else: a peak that cannot be read is not a peak of 0.
std::optional<std::uint32_t> count_of(const json& entry, const char* key) {
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_number_unsigned()) return std::nullopt;
    const auto count = found->get<std::uint64_t>();
    return count <= UINT32_MAX ? std::optional(static_cast<std::uint32_t>(count)) : std::nullopt;
}

/// Whether the line was one of a device.
bool read_device(const json& entry, device& to) {
    const auto name = entry.find("device");
    if (name != entry.end() && name->is_structured()) return false;
    const auto pools = entry.find("pools");
    if (pools == entry.end() || !pools->is_array()) return false;
    for (const json& pool : *pools) {
        if (!pool.is_object()) return false;
        const auto block = count_of(pool, "block");
        const auto peak = count_of(pool, "peak");
        const auto missed = pool.contains("missed") ? count_of(pool, "missed") : 0;
        if (!block || *block == 0 || !peak || !missed) return false;
        need& own = to[*block];
        own.peak = std::max(own.peak, *peak);
        own.exhausted = own.exhausted || *missed != 0;
    }
    return true;
}

/// P(Binomial(n, part) <= r).
double at_most(std::uint64_t n, std::uint64_t r, double part) {
    if (part <= 0) return 1;
    if (part >= 1) return r >= n ? 1 : 0;
    double sum = 0;
    for (std::uint64_t k = 0; k <= r; ++k) {
        const auto trials = static_cast<double>(n);
        const auto hits = static_cast<double>(k);
        sum += std::exp(
            std::lgamma(trials + 1) - std::lgamma(hits + 1) - std::lgamma(trials - hits + 1) +
            hits * std::log(part) + (trials - hits) * std::log1p(-part)
        );
    }
    return sum;
}

} // namespace

fleet read_fleet(std::string_view lines) {
    fleet made;
    std::map<std::string, device> devices;
    trace::each_line(lines, [&](std::string_view line) {
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
        const json entry = json::parse(line, nullptr, false);
        device own;
        if (!entry.is_object() || !read_device(entry, own)) {
            ++made.damaged;
            return true;
        }
        const auto name = entry.find("device");
        device& known = devices
            [name == entry.end() ? "line " + std::to_string(devices.size())
                                 : name->dump(-1, ' ', false, json::error_handler_t::replace)];
        for (const auto& [block, n] : own) {
            need& before = known[block];
            before.peak = std::max(before.peak, n.peak);
            before.exhausted = before.exhausted || n.exhausted;
        }
        return true;
    });
    made.devices = devices.size();
    std::map<std::uint32_t, fleet_pool> pools;
    for (const auto& [name, own] : devices)
        for (const auto& [block, n] : own) {
            fleet_pool& pool = pools[block];
            pool.block = block;
            pool.peaks.push_back(n.peak);
            pool.exhausted += n.exhausted ? 1 : 0;
        }
    for (auto& [block, pool] : pools) {
        pool.peaks.resize(devices.size());
        std::ranges::sort(pool.peaks);
        made.pools.push_back(std::move(pool));
    }
    return made;
}

double part_above(std::uint64_t devices, std::uint64_t above, double confidence) {
    double low = 0;
    double high = 1;
    for (int halved = 0; halved < 60; ++halved) {
        const double middle = (low + high) / 2;
        if (at_most(devices, above, middle) > 1 - confidence)
            low = middle;
        else
            high = middle;
    }
    return high;
}

} // namespace drone::usage
