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

/// A native trace as the target writes it, event by event.
class native_writer {
public:
    static constexpr auto layout = make_layout<3>(4096, {{4, 16}, {12, 16}, {40, 16}});

    native_writer& announce() {
        wire::announcement_words announcement = wire::announce(layout);
        const std::uint32_t flags = events == 0 ? 0 : wire::flag_continues;
        announcement.at[0] = wire::with_flags(announcement.at[0], flags);
        words.insert(words.end(), std::begin(announcement.at), std::end(announcement.at));
        return checkpoint();
    }
    native_writer& checkpoint() {
        words.push_back(wire::make_control(wire::control::checkpoint, events));
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
        words.push_back(wire::event(op, events++, data));
        return *this;
    }

    static std::uint32_t first_byte(std::size_t pool, std::uint32_t index) {
        return layout.pools[pool].offset + index * layout.pools[pool].block;
    }

    [[nodiscard]] std::string bytes() const { return bytes_of(words); }

    std::vector<wire::word> words;
    std::uint32_t events = 0;
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
