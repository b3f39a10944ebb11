// SPDX-License-Identifier: MIT

// drone heap fleet: capacities for many devices, from what they report of their pools.

#include "usage/fleet.hpp"

#include "base/counted.hpp"
#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"
#include "config/rewrite.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

struct fleet_options {
    std::vector<std::string> files;
    double quantile = 100;
};

constexpr double confidence = 0.95;

/// A percentage to two digits, rounded up: it is a bound.
std::string two_digits(double percent) {
    if (percent >= 10) return fmt::format("{:.0f}", std::ceil(percent));
    if (percent >= 1) return fmt::format("{:.1f}", std::ceil(10 * percent) / 10);
    return fmt::format("{:.2f}", std::ceil(100 * percent) / 100);
}

/// Capacities, and how much of the fleet may need more.
struct fleet_layout {
    std::vector<pool_spec> pools;
    std::uint64_t bytes = 0;
    std::uint64_t above = 0; ///< devices of the sample that a pool may leave out
    double part_above = 0;   ///< of the fleet, with that confidence, in some pool
};

fleet_layout lay_out(const usage::fleet& fleet, double quantile) {
    fleet_layout made;
    made.above = std::min(
        static_cast<std::uint64_t>((1 - quantile / 100) * static_cast<double>(fleet.devices)),
        fleet.devices - 1
    );
    const auto pools = static_cast<double>(fleet.pools.size());
    for (const usage::fleet_pool& pool : fleet.pools) {
        const std::uint32_t capacity = std::max<std::uint32_t>(pool.capacity(made.above), 1);
        made.pools.push_back({pool.block, capacity});
        made.bytes += std::uint64_t{pool.block} * capacity;
        made.part_above +=
            usage::part_above(fleet.devices, made.above, 1 - (1 - confidence) / pools);
    }
    made.part_above = std::min(made.part_above, 1.0);
    return made;
}

std::string to_json(const usage::fleet& fleet, const fleet_layout& made) {
    using json = nlohmann::ordered_json;
    json pools = json::array();
    for (std::size_t i = 0; i < made.pools.size(); ++i)
        pools.push_back(
            {{"block", made.pools[i].block},
             {"capacity", made.pools[i].capacity},
             {"median", fleet.pools[i].peaks[fleet.devices / 2]},
             {"most", fleet.pools[i].peaks.back()},
             {"exhausted_devices", fleet.pools[i].exhausted}}
        );
    const json all{
        {"devices", fleet.devices},
        {"pools", pools},
        {"bytes", made.bytes},
        {"devices_above_each", made.above},
        {"part_above", made.part_above},
        {"confidence", confidence},
    };
    return all.dump(2) + "\n";
}

result<int> print_fleet(bool as_json, const fleet_options& options) {
    std::string lines;
    for (const std::string& file : options.files) {
        constexpr std::size_t most = std::size_t{1} << 30U;
        const auto read = base::read_file(file, most);
        if (!read) return std::unexpected(read.error());
        lines += *read + "\n";
    }
    const usage::fleet fleet = usage::read_fleet(lines);
    if (fleet.damaged != 0)
        say("drone: note: {} left out: not a device's report\n",
            base::counted(fleet.damaged, "line"));
    if (fleet.pools.empty())
        return fail(fmt::format(
            R"({}: no device reports a pool; a line is {{"device":1,"pools":[{{"block":12,"peak":3}}]}})",
            options.files.front()
        ));
    for (const usage::fleet_pool& pool : fleet.pools)
        if (pool.block % granule != 0)
            return fail(
                fmt::format("a block of {} bytes is not a multiple of {}", pool.block, granule)
            );
    const fleet_layout made = lay_out(fleet, options.quantile);
    if (made.bytes > UINT32_MAX)
        return fail(fmt::format("{} bytes are more than a heap can have", made.bytes));
    for (const usage::fleet_pool& pool : fleet.pools)
        if (pool.exhausted != 0)
            say("The pool of {} was exhausted on {}, where more may be needed than was reported.\n",
                pool.block,
                base::counted(pool.exhausted, "device"));
    say("{}; each pool has a block for what all but {} of them needed. With {:.0f} % confidence, at most "
        "{} % of devices like these need more in some pool.\n",
        base::counted(fleet.devices, "device"),
        made.above,
        100 * confidence,
        two_digits(100 * made.part_above));
    config::heap heap;
    heap.name = config::main_heap;
    heap.size = static_cast<std::uint32_t>(made.bytes);
    heap.pools = made.pools;
    fmt::print("{}", as_json ? to_json(fleet, made) : config::format_heap(heap));
    return 0;
}

} // namespace

void add_fleet(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<fleet_options>();
    command_syntax command =
        heap.add_subcommand("fleet", "Capacities from the peaks that many devices report");
    command.take_shared_options(
        {{"--file", "name the reports without it: `drone heap fleet FILE...`"},
         {"--config", "it needs no project"},
         {"--size", "it adds up the pools"},
         {"--align", "it reads no trace"},
         {"--overhead", "it reads no trace"}}
    );
    command.add_option("FILE", options->files, "JSON Lines, one report of a device each")
        .required();
    command
        .add_option(
            "--quantile",
            options->quantile,
            "The part of the devices that each pool is for, in percent"
        )
        .shows_default()
        .within(0.0, 100.0);
    command.add_flag("--json", shared->json, "The capacities as JSON");
    s.on(command, [shared, options] { return print_fleet(shared->json, *options); });
}

} // namespace drone::cli
