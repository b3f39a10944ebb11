// SPDX-License-Identifier: MIT
#pragma once

// The trace of a program with eight pools that takes and gives back blocks at random, so that
// neither operation, block nor size can be predicted. Announcements and checks stand in it as the
// target sends them.

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
    /// With callers, a random one of 64 stands before each event.
    explicit random_trace(bool has_callers = false) : has_callers_(has_callers) {
        for (std::size_t p = 0; p < layout.pool_count; ++p)
            for (std::uint32_t i = 0; i < layout.pools[p].capacity; ++i)
                free_[p].push_back(layout.pools[p].offset + i * layout.pools[p].block);
    }

    /// Writes so many events, rounded up to whole periods of the announcement. False: the file
    /// cannot be written.
    bool write(std::uint64_t events, std::FILE* out) {
        constexpr std::uint64_t period = 8192;
        constexpr std::uint64_t check_period = 512;
        for (std::uint64_t written = 0; written < events; written += check_period) {
            words_.clear();
            if (written % period == 0) announce(written != 0);
            check();
            for (std::uint64_t i = 0; i < check_period; ++i) {
                const wire::word event = next();
                if (has_callers_) send(wire::caller(0x0800'0100 + below(64) * 16));
                send(event);
            }
            if (written + check_period >= events) check();
            if (std::fwrite(words_.data(), sizeof words_[0], words_.size(), out) != words_.size())
                return false;
        }
        return true;
    }

private:
    static constexpr auto layout = make_layout<8>(
        65536,
        {{8, 256}, {16, 256}, {24, 256}, {32, 256}, {48, 128}, {64, 128}, {128, 64}, {512, 32}}
    );

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    void send(wire::word w) {
        words_.push_back(w);
        sum_ = wire::digest(sum_, w);
    }
    void announce(bool continues) {
        constexpr auto announced = wire::announce(layout);
        for (wire::word w : announced.at) {
            if (w.is_control(wire::control::begin))
                w = wire::with_flags(w, continues ? wire::flag_continues : 0);
            if (w.is_control(wire::control::layout_end))
                w = wire::make_layout_end(announced.seed, 0, continues);
            send(w);
        }
    }
    void check() {
        send(wire::make_control(wire::control::checkpoint, events_));
        words_.push_back(wire::make_digest(sum_));
        sum_ = wire::announce(layout).seed;
    }

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

    bool has_callers_;
    std::vector<wire::word> words_; ///< of one check
    std::uint32_t sum_ = wire::announce(layout).seed;
    std::uint32_t events_ = 0;
    std::minstd_rand random_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> free_;
    std::array<std::vector<std::uint32_t>, layout.pool_count> live_;
};

} // namespace drone::trace
