// SPDX-License-Identifier: MIT
#include "layout/squeeze.hpp"

#include "layout/replay.hpp"

#include <algorithm>

namespace drone::layout {

namespace {

std::int64_t bytes_of(const std::vector<pool_spec>& pools) {
    std::int64_t bytes = 0;
    for (const pool_spec& pool : pools)
        bytes += std::int64_t{pool.block} * pool.capacity;
    return bytes;
}

/// How many replays a search for so many pools may take. A caller that searches for every number of
/// pools up to any other stays within some 10^9 steps: beyond 16 pools there are ever fewer.
std::uint64_t replays_for(std::uint64_t steps, std::size_t pools) {
    constexpr std::uint64_t most_steps = 25'000'000;
    constexpr std::uint64_t most_replays = 500;
    constexpr std::uint64_t fewest_replays = 4;
    constexpr std::uint64_t usual_pools = 16;
    const std::uint64_t replays = std::clamp(most_steps / steps, fewest_replays, most_replays);
    if (pools <= usual_pools) return replays;
    return replays * usual_pools * usual_pools / (pools * pools);
}

class squeezer {
public:
    squeezer(
        std::span<const usage::demand> runs,
        std::uint32_t alignment,
        std::size_t pools,
        std::int64_t bytes_to_beat
    )
        : runs_(runs), alignment_(alignment), fewest_(bytes_to_beat) {
        std::uint64_t steps = 1;
        for (const usage::demand& run : runs)
            steps += run.steps.size();
        budget_ = replays_for(steps, pools);
    }

    /// Makes these pools hold the runs, then as small as it can.
    void start_from(std::vector<pool_spec> pools) {
        constexpr int rounds = 8;
        for (int round = 0; round < rounds; ++round) {
            const auto report = replayed(pools, after_failure::go_on);
            if (!report) return;
            if (report->holds()) {
                trim(std::move(pools));
                return;
            }
            bool grown = false;
            for (std::size_t pool = 0; pool < pools.size(); ++pool) {
                pools[pool].capacity +=
                    static_cast<std::uint32_t>(report->pools[pool].unserved_peak);
                grown = grown || report->pools[pool].unserved_peak > 0;
            }
            if (!grown || bytes_of(pools) >= fewest_) return; // some request fits no pool
        }
    }

    [[nodiscard]] std::optional<squeezed_layout> best() const {
        if (best_.empty()) return std::nullopt;
        return squeezed_layout{.pools = best_, .bytes = fewest_, .replays = replays_};
    }

private:
    std::optional<replay_report> replayed(const std::vector<pool_spec>& pools, after_failure then) {
        if (replays_ >= budget_) return std::nullopt;
        ++replays_;
        auto report = replay(runs_, {.pools = pools, .alignment = alignment_}, then);
        if (!report) return std::nullopt;
        return *std::move(report);
    }

    bool holds(const std::vector<pool_spec>& pools) {
        const auto report = replayed(pools, after_failure::stop);
        return report && report->holds();
    }

    /// Takes blocks back, the largest first, by halving steps, as long as the runs are still held.
    void trim(std::vector<pool_spec> pools) {
        for (std::size_t pool = pools.size(); pool-- > 0;) {
            for (std::uint32_t less = pools[pool].capacity / 2 + 1; less > 0; less /= 2) {
                if (less >= pools[pool].capacity) continue;
                pools[pool].capacity -= less;
                if (!holds(pools)) pools[pool].capacity += less;
            }
        }
        if (bytes_of(pools) >= fewest_) return;
        fewest_ = bytes_of(pools);
        best_ = std::move(pools);
    }

    std::span<const usage::demand> runs_;
    std::uint32_t alignment_;
    std::uint64_t budget_ = 0;
    std::size_t replays_ = 0;
    std::int64_t fewest_;
    std::vector<pool_spec> best_;
};

} // namespace

std::optional<squeezed_layout> squeeze(
    std::span<const usage::demand> runs,
    std::uint32_t alignment,
    const optimum& plain,
    const lower_bound& bound
) {
    squeezer search(runs, alignment, plain.pools.size(), plain.bytes);
    std::vector<pool_spec> chain;
    chain.reserve(bound.chain.size());
    for (const lower_bound::pool& pool : bound.chain)
        chain.push_back({.block = pool.block, .capacity = static_cast<std::uint32_t>(pool.capacity)}
        );
    search.start_from(std::move(chain));
    std::vector<pool_spec> pools;
    pools.reserve(plain.pools.size());
    for (const pool_load& pool : plain.pools)
        pools.push_back({.block = pool.block, .capacity = static_cast<std::uint32_t>(pool.load)});
    search.start_from(std::move(pools));
    return search.best();
}

} // namespace drone::layout
