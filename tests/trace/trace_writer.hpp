// SPDX-License-Identifier: MIT
#pragma once

// Writes traces for tests, and the table they should make.

#include "trace/read.hpp"
#include "usage/statistics.hpp"

#include <drone/wire.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drone::trace {

/// A file in the temporary directory that goes away with the object.
class temporary_file {
public:
    explicit temporary_file(std::string_view content)
        : path_(
              std::filesystem::temp_directory_path() /
              ("drone-trace-" + std::to_string(::getpid()) + "-" + std::to_string(next_++))
          ) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() { std::filesystem::remove(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    static inline int next_ = 0;
    std::filesystem::path path_;
};

/// Little-endian bytes of words.
inline std::string bytes_of(const std::vector<wire::word>& words) {
    std::string bytes;
    for (const wire::word w : words)
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>(w.bits >> shift & 0xFFU);
    return bytes;
}

/// An announcement of version 1, all but its check.
template <std::size_t PoolCount>
std::vector<wire::word> announce_1(const heap_layout<PoolCount>& layout, std::uint32_t flags) {
    const auto now = wire::announce(layout);
    std::vector<wire::word> words(std::begin(now.at), std::end(now.at) - 2);
    words.front() = wire::make_begin(
        {.version = 1, .size = layout.size, .alignment = layout.alignment, .pool_count = PoolCount}
    );
    std::uint32_t sum = 0;
    for (const wire::word w : words)
        sum = wire::checksum(sum, w);
    words.front() = wire::with_flags(words.front(), flags);
    words.push_back(wire::make_control(wire::control::layout_end, sum));
    return words;
}

/// A native trace as the target writes it, event by event.
class native_writer {
public:
    static constexpr auto layout = make_layout<3>(4096, {{4, 16}, {12, 16}, {40, 16}});

    native_writer& announce() {
        const std::uint32_t flags = events == 0 ? 0 : wire::flag_continues;
        if (events == 0) digest = seed();
        const auto announcement = wire::announce(layout, flags, identity);
        for (const wire::word w : announcement.at)
            send(w);
        return checkpoint();
    }
    native_writer& checkpoint() {
        send(wire::make_control(wire::control::checkpoint, events));
        words.push_back(wire::make_digest(std::exchange(digest, seed())));
        return *this;
    }
    /// Whatever else the target says.
    native_writer& send(wire::word w) {
        words.push_back(w);
        digest = wire::digest(digest, w);
        return *this;
    }
    /// So many events happen, and their words never arrive.
    native_writer& lose(std::uint32_t count) {
        for (; count != 0; --count)
            digest = wire::digest(digest, wire::event(wire::operation::failed, events++, 1));
        return *this;
    }
    /// Block `index` of `pool`, `size` bytes of it.
    native_writer& allocate(std::size_t pool, std::uint32_t index, std::uint32_t size) {
        return event(wire::operation::allocate, first_byte(pool, index) + size - 1);
    }
    native_writer& deallocate(std::size_t pool, std::uint32_t index) {
        return event(wire::operation::deallocate, first_byte(pool, index));
    }
    native_writer& resize(std::size_t pool, std::uint32_t index, std::uint32_t size) {
        return event(wire::operation::resize, first_byte(pool, index) + size - 1);
    }
    native_writer& event(wire::operation op, std::uint32_t data) {
        return send(wire::event(op, events++, data));
    }

    static std::uint32_t first_byte(std::size_t pool, std::uint32_t index) {
        return layout.pools[pool].offset + index * layout.pools[pool].block;
    }

    [[nodiscard]] std::string bytes() const { return bytes_of(words); }

    [[nodiscard]] std::uint32_t seed() const { return heap_seed; }

    std::vector<wire::word> words;
    std::uint32_t events = 0;
    std::uint32_t identity = 0; ///< of the build
    std::uint32_t heap_seed = wire::announce(layout).seed;
    std::uint32_t digest = heap_seed;
};

/// Reads bytes as a file of whatever format they are recognised to be in.
struct reading {
    usage::statistics usage;
    findings found;

    explicit reading(std::string_view bytes) {
        const temporary_file file(bytes);
        const auto from = source::open(file.path());
        EXPECT_TRUE(from) << from.error().message;
        if (!from) return;
        const auto result = from->read(usage);
        EXPECT_TRUE(result) << result.error().message;
        if (result) found = *result;
    }
};

} // namespace drone::trace
