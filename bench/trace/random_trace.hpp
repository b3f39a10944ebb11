// SPDX-License-Identifier: MIT
#pragma once

// The trace of a program with eight pools that takes and gives back blocks at random, so that
// neither operation, block nor size can be predicted; announcements stand in it as the target sends
// them.

#include <drone/layout.hpp>
#include <drone/wire.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

namespace drone::trace {

class random_trace {
public:
    random_trace() {
        for (std::size_t p = 0; p < layout.pool_count; ++p)
            for (std::uint32_t i = 0; i < layout.pools[p].capacity; ++i)
                free_[p].push_back(layout.pools[p].offset + i * layout.pools[p].block);
    }

    /// Writes so many events, rounded up to whole periods of the announcement. False: the file
    /// cannot be written.
    bool write(std::uint64_t events, std::FILE* out) {
        std::vector<wire::word> words;
        constexpr std::uint64_t period = 2048;
        for (std::uint64_t written = 0; written < events; written += period) {
            words.clear();
            for (const wire::word w : wire::announce(layout).at)
                words.push_back(w);
            words.front() =
                wire::with_flags(words.front(), written == 0 ? 0 : wire::flag_continues);
            words.push_back(wire::make_control(wire::control::checkpoint, events_));
            for (std::uint64_t i = 0; i < period; ++i)
                words.push_back(next());
            if (std::fwrite(words.data(), sizeof words[0], words.size(), out) != words.size())
                return false;
        }
        return true;
    }

private:
    static constexpr auto layout = make_layout<8>(
        65536,
        {{8, 256}, {16, 256}, {24, 256}, {32, 256}, {48, 128}, {64, 128}, {128, 64}, {512, 32}}
    );

    wire::word next() {
        const std::size_t p = random_() % layout.pool_count;
        const bool takes = live_[p].empty() || (!free_[p].empty() && random_() % 2 != 0);
        if (takes) {
            const std::uint32_t block = free_[p].back();
            free_[p].pop_back();
            live_[p].push_back(block);
            const auto size = static_cast<std::uint32_t>(layout.pools[p].block - random_() % 8);
            return wire::event(wire::operation::allocate, events_++, block + size - 1);
        }
        std::swap(live_[p][random_() % live_[p].size()], live_[p].back());
        const std::uint32_t block = live_[p].back();
        live_[p].pop_back();
        free_[p].push_back(block);
        return wire::event(wire::operation::deallocate, events_++, block);
    }

    std::uint32_t events_ = 0;
    std::minstd_rand random_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> free_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> live_;
};

} // namespace drone::trace
