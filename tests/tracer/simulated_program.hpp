// SPDX-License-Identifier: MIT
#pragma once

// A program whose heap the C tracer traces, and whose interrupts come between any two words.

#include "tracers.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <set>

namespace drone::tracer {

struct call {
    std::uint32_t size = 0;
    std::uint32_t alignment = 0;
    std::uint32_t context = 0;
    std::uint32_t offset = 0; ///< of the block; of a request that failed: 0
    bool gives_back = false;
    bool is_failed = false;
    bool seen = false;
};

constexpr std::uint32_t heap_size = 65536;

/// A program on an allocator that puts blocks anywhere; its interrupts come between any two words
/// and do as the program does.
class simulated_program {
public:
    simulated_program(functions tracer, std::uint32_t seed) : tracer_(tracer), random_(seed) {
        start_anew(tracer_, heap_size, 8);
        simulated_port::interrupt = [this] { maybe_interrupt(); };
    }

    void run(std::size_t calls) {
        for (const std::size_t end = calls_.size() + calls; calls_.size() < end;)
            act();
    }
    [[nodiscard]] std::map<std::uint32_t, call>& calls() { return calls_; }
    [[nodiscard]] std::size_t live() const { return live_.size(); }
    void end() { tracer_.end(); }

private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }

    void maybe_interrupt() {
        if (below(3) == 0) ++simulated_port::room;
        constexpr std::uint32_t deepest = 3;
        if (simulated_port::context == deepest || below(6) != 0) return;
        ++simulated_port::context;
        act();
        --simulated_port::context;
    }

    const void* number(call c) {
        c.context = simulated_port::context;
        const auto address = static_cast<std::uint32_t>(2 * (calls_.size() + 1));
        calls_[address] = c;
        return code(address);
    }

    void act() {
        if (live_.empty() || below(2) == 0) {
            const std::uint32_t size = 1 + below(below(4) == 0 ? 5000 : 70);
            const std::uint32_t alignment = below(5) == 0 ? 16U << below(3) : 8;
            const std::uint32_t offset = below(heap_size / alignment) * alignment;
            if (offset + size > heap_size || !is_free(offset, size)) {
                tracer_.failed(
                    nullptr, size, number({.size = size, .alignment = 8, .is_failed = true})
                );
                return;
            }
            live_[offset] = offset + size;
            tracer_.alloc(
                at(offset),
                size,
                alignment > 8 ? alignment : 0,
                number({.size = size, .alignment = alignment, .offset = offset})
            );
            settled_.insert(offset);
            return;
        }
        // Nobody else gives it back, and its allocation was reported.
        if (settled_.empty()) return;
        auto chosen = settled_.lower_bound(below(heap_size));
        if (chosen == settled_.end()) chosen = settled_.begin();
        const std::uint32_t offset = *chosen;
        settled_.erase(chosen);
        tracer_.free(at(offset), number({.offset = offset, .gives_back = true}));
        live_.erase(offset); // only now may another context have the place
    }

    [[nodiscard]] bool is_free(std::uint32_t offset, std::uint32_t size) const {
        const auto next = live_.lower_bound(offset);
        if (next != live_.end() && next->first < offset + size) return false;
        return next == live_.begin() || std::prev(next)->second <= offset;
    }

    functions tracer_;
    std::mt19937 random_;
    std::map<std::uint32_t, call> calls_;         ///< by caller
    std::map<std::uint32_t, std::uint32_t> live_; ///< first byte to end
    std::set<std::uint32_t> settled_;             ///< of live ones
};

} // namespace drone::tracer
