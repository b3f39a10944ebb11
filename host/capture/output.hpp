// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "stream/packet.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::capture {

/// One place that a capture writes to: a file or standard output.
///
/// It gathers bytes and writes them in large pieces; flush() writes the rest. A file keeps its
/// content until begin(), or until the first byte is written. An output that fails (full disk,
/// closed pipe) reports it once and accepts no more bytes; the others continue. It waits for a
/// reader that does not read until the user asks to stop, and then two seconds more.
class output {
public:
    /// Opens `path`, created where it is missing; empty is standard output. `stop` is a descriptor
    /// that becomes readable when the user asks to stop. An output that cannot be opened has failed
    /// from the start.
    explicit output(const std::string& path, int stop = -1);

    /// A FIFO that nobody reads yet is not open: reopen() tries again.
    [[nodiscard]] bool lacks_reader() const { return lacks_reader_; }
    void reopen();
    /// Its reader never came: it takes nothing, and that is not a failure.
    void give_up() { failed_ = true; }

    /// Empties a file.
    void begin();
    /// Bytes of an earlier capture that begin() removed.
    [[nodiscard]] std::uint64_t removed() const { return removed_; }
    void append(std::span<const std::uint8_t> bytes);
    void append(std::string_view text);
    /// The low `size` bytes of `value`, at most 4, the lowest first.
    void append_number(std::uint32_t value, std::size_t size) {
        if (pending_.size() - used_ < sizeof value) make_room(sizeof value);
        const auto bytes = base::store_le(value);
        std::memcpy(pending_.data() + used_, bytes.data(), bytes.size());
        used_ += size;
    }
    /// Room for `size` bytes, at most 64 KiB, to write into. took() says where they ended.
    [[nodiscard]] std::uint8_t* room(std::size_t size) {
        if (pending_.size() - used_ < size) make_room(size);
        return pending_.data() + used_;
    }
    void took(const std::uint8_t* end) { used_ = static_cast<std::size_t>(end - pending_.data()); }
    /// The payloads of the run.
    void append_run(const stream::software_run& run);
    void flush();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int descriptor() const { return fd_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// The failure, once.
    [[nodiscard]] std::optional<error> take_failure();
    /// Bytes that were written or wait to be.
    [[nodiscard]] std::uint64_t size() const { return flushed_ + used_; }
    /// Bytes that the file held when it was opened and still holds.
    [[nodiscard]] std::uint64_t kept_size() const { return kept_size_; }

private:
    void take(int descriptor);
    [[nodiscard]] bool wait_for_room();
    void fail_with(int error_number);
    void fail_with(const std::string& what);
    void make_room(std::size_t bytes);

    std::string path_;
    std::string name_;
    base::descriptor file_;
    int fd_ = -1;
    int stop_ = -1;
    bool is_file_ = false;
    bool is_socket_ = false;
    bool may_block_ = false; ///< the descriptor is not ours to make non-blocking
    bool lacks_reader_ = false;
    std::uint64_t kept_size_ = 0;
    std::uint64_t removed_ = 0;
    std::vector<std::uint8_t> pending_;
    std::size_t used_ = 0;
    std::uint64_t flushed_ = 0; ///< bytes of pending_ that were written or lost with its reader
    std::optional<std::chrono::steady_clock::time_point> last_moment_; ///< to wait for a reader
    bool failed_ = false;
    std::optional<error> failure_;
};

} // namespace drone::capture
