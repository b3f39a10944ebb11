// SPDX-License-Identifier: MIT
#pragma once

// A heaptrace file's bytes: memory-mapped as they are, or unpacked when they are zstd or gzip.

#include "base/error.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace drone::trace {

class file_bytes {
public:
    /// Maps or unpacks the file. Fails when it is missing, unreadable, no regular file or pipe, or
    /// its compression is damaged from the first block on; a compressed file that is cut gives what
    /// could be unpacked and is_cut().
    [[nodiscard]] static result<file_bytes> open(const std::filesystem::path& path);

    file_bytes(file_bytes&& other) noexcept { swap(other); }
    file_bytes& operator=(file_bytes&& other) noexcept {
        swap(other);
        return *this;
    }
    file_bytes(const file_bytes&) = delete;
    file_bytes& operator=(const file_bytes&) = delete;
    ~file_bytes();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] bool is_cut() const { return is_cut_; }

    /// The first `end` bytes are not needed for now: their memory is given back where the file is
    /// mapped. Reading them again gives the same.
    void release(std::size_t end) const;

private:
    file_bytes() = default;
    void swap(file_bytes& other) noexcept;

    std::span<const std::byte> bytes_;
    std::span<std::byte> mapping_;
    std::vector<std::byte> unpacked_;
    bool is_cut_ = false;
};

} // namespace drone::trace
