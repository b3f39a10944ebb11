// SPDX-License-Identifier: MIT
#pragma once

// A heaptrace file, whatever its format: recognised from its content, read into a sink.

#include "error.hpp"
#include "trace/file.hpp"
#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <filesystem>

namespace drone::trace {

/// An opened file of a known format. Reading it again gives the same.
class source {
public:
    /// Fails with one line when the file cannot be read, holds nothing, or is in no known format.
    [[nodiscard]] static result<source> open(const std::filesystem::path& path);

    [[nodiscard]] trace::format format() const { return format_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Reads the whole file.
    [[nodiscard]] result<findings> read(sink& to) const;

private:
    source(std::filesystem::path path, file_bytes file, trace::format format)
        : path_(std::move(path)), file_(std::move(file)), format_(format) {}

    std::filesystem::path path_;
    file_bytes file_;
    trace::format format_;
};

} // namespace drone::trace
