// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace drone::base {

/// What comes out of a pipe or a device is kept in memory, up to this.
inline constexpr std::size_t piped_bytes_limit = std::size_t{128} << 20U;

/// A large file's bytes: memory-mapped as they are, or unpacked when they are zstd or gzip.
///
/// A mapped file may be cut by somebody else while it is read. Its missing bytes then read as zeros
/// and was_cut() is true; the process does not receive SIGBUS for it.
class file_bytes {
public:
    /// Maps or unpacks the file. Fails when it is missing, unreadable, a folder, a pipe or device
    /// that gives more than piped_bytes_limit, or when its compression is damaged from the first
    /// block on or unpacks to more than a thousand times its size. A compressed file that ends too
    /// early gives what could be unpacked, and is_incomplete().
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

    /// The compressed file ends before its own end, or is damaged there.
    [[nodiscard]] bool is_incomplete() const { return is_incomplete_; }

    /// The file became shorter since it was opened: bytes() may not be what it was. Ask after
    /// reading.
    [[nodiscard]] bool was_cut() const;

    /// The first `end` bytes are not needed for now: their memory is given back where the file is
    /// mapped. Reading them again gives the same.
    void release(std::size_t end) const;

private:
    file_bytes() = default;
    void swap(file_bytes& other) noexcept;
    [[nodiscard]] result<void> map(const std::filesystem::path& path, std::size_t size);
    [[nodiscard]] result<void> unpack(const std::filesystem::path& path);

    std::span<const std::byte> bytes_;
    std::span<std::byte> mapping_;
    std::vector<std::byte> in_memory_;
    descriptor file_; ///< of the mapping
    bool is_incomplete_ = false;
};

} // namespace drone::base
