// SPDX-License-Identifier: MIT
#pragma once

// One place that a capture writes to: a file, created or truncated, or standard output. Bytes are
// gathered and written in large pieces; flush() writes what is left. An output that fails (full
// disk, closed pipe) says so once and takes bytes no more; the others go on.

#include "base/error.hpp"
#include "capture/source.hpp"
#include "stream/packet.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::capture {

class output {
public:
    /// Creates or truncates `path`; empty is standard output. An output that cannot be opened has
    /// failed from the start.
    explicit output(const std::string& path);

    void append(std::span<const std::uint8_t> bytes);
    void append(std::string_view text);
    /// The payloads of the run.
    void append_run(const stream::software_run& run);
    void flush();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// The failure, once.
    [[nodiscard]] std::optional<error> take_failure();
    /// Bytes that were written or wait to be.
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    void fail_with(int error_number);
    void make_room(std::size_t bytes);

    std::string name_;
    base::descriptor file_;
    int fd_ = -1;
    std::vector<std::uint8_t> pending_;
    std::size_t used_ = 0;
    std::uint64_t size_ = 0;
    bool failed_ = false;
    std::optional<error> failure_;
};

} // namespace drone::capture
