// SPDX-License-Identifier: MIT
#pragma once

// What the fuzzers of the trace readers share: a sink that ends the program when a change does not
// fit the ones before.

#include "trace/sink.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <string_view>

namespace drone::trace {

class checking_sink final : public sink {
public:
    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes) {
            if (c.block == no_block)
                count(c);
            else
                follow(c);
        }
    }

private:
    void count(const change& c) {
        std::uint64_t& live = by_size_[c.size];
        if (c.gives_back && live == 0) std::abort();
        if (c.gives_back)
            --live;
        else
            ++live;
    }

    void follow(const change& c) {
        const auto live = by_block_.find(c.block);
        if (c.gives_back != (live != by_block_.end())) std::abort();
        if (!c.gives_back) {
            by_block_.emplace(c.block, c.size);
            return;
        }
        if (live->second != c.size) std::abort();
        by_block_.erase(live);
    }

    std::map<std::uint32_t, std::uint64_t> by_size_;
    std::map<block_number, std::uint32_t> by_block_;
};

inline std::span<const std::byte> fuzz_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

inline std::string_view fuzz_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

} // namespace drone::trace
