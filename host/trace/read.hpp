// SPDX-License-Identifier: MIT
#pragma once

// A heaptrace file, whatever its format: recognised from its content, read into a sink. A dump of a
// target's memory that holds a RAM ring is a native trace, that of the ring's words.

#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "trace/findings.hpp"
#include "trace/formats/native/layout.hpp"
#include "trace/formats/native/ring_dump.hpp"
#include "trace/sink.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

namespace drone::trace {

/// An opened file of a known format. Reading it again gives the same.
class source {
public:
    /// Fails with one line when the file cannot be read, holds nothing, or is in no known format.
    [[nodiscard]] static result<source> open(const std::filesystem::path& path);

    [[nodiscard]] trace::format format() const { return format_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// The heap that the file announces first; null where the format announces none.
    [[nodiscard]] const traced_heap* announced() const {
        return announced_ ? &announced_->heap : nullptr;
    }

    /// From now on every size is read as so many bytes less: the program's hook reports blocks with
    /// their headers.
    void take_off(std::uint32_t overhead) { overhead_ = overhead; }

    /// Calls `told` with the share of a native trace that was read, 0 to 1, from time to time and at
    /// the end of every reading.
    void watch(std::function<void(double share)> told) { told_ = std::move(told); }

    /// Reads the whole file. An error when somebody cut it meanwhile; `to` has then had part of it.
    [[nodiscard]] result<findings> read(sink& to) const;

private:
    source(
        std::filesystem::path path,
        base::file_bytes file,
        std::optional<ring_trace> ring,
        trace::format format,
        std::optional<announced_trace> announced
    )
        : path_(std::move(path)), file_(std::move(file)), ring_(std::move(ring)), format_(format),
          announced_(std::move(announced)) {}

    [[nodiscard]] result<findings> read_as_written(sink& to) const;

    [[nodiscard]] std::span<const std::byte> bytes() const {
        return ring_ ? ring_->words : file_.bytes();
    }

    std::filesystem::path path_;
    base::file_bytes file_;
    std::optional<ring_trace> ring_; ///< where the file is a dump
    trace::format format_;
    std::optional<announced_trace> announced_; ///< native: the first one
    std::uint32_t overhead_ = 0;               ///< bytes in every size
    std::function<void(double)> told_;         ///< may be empty
};

} // namespace drone::trace
