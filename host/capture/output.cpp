// SPDX-License-Identifier: MIT
#include "capture/output.hpp"

#include "capture/transports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace drone::capture {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} * 1024;

template <std::size_t Size>
void copy_payloads(const std::uint8_t* from, std::uint8_t* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(to + Size * i, from + (Size + 1) * i, Size);
}

} // namespace

output::output(const std::string& path)
    : name_(path.empty() ? "standard output" : path), pending_(buffer_bytes) {
    if (path.empty()) {
        fd_ = STDOUT_FILENO;
        return;
    }
    file_ = base::descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    fd_ = file_.get();
    if (!file_) fail_with(errno);
}

void output::append(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty() && !failed_) {
        make_room(1);
        const std::size_t size = std::min(bytes.size(), pending_.size() - used_);
        std::memcpy(pending_.data() + used_, bytes.data(), size);
        used_ += size;
        size_ += size;
        bytes = bytes.subspan(size);
    }
}

void output::append(std::string_view text) {
    append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void output::append_run(const stream::software_run& run) {
    std::size_t index = 0;
    const std::size_t count = run.count();
    while (index < count && !failed_) {
        make_room(run.size);
        const std::size_t packets = std::min(count - index, (pending_.size() - used_) / run.size);
        const std::uint8_t* const from = run.payload(index);
        std::uint8_t* const to = pending_.data() + used_;
        if (run.size == 4)
            copy_payloads<4>(from, to, packets);
        else if (run.size == 1)
            copy_payloads<1>(from, to, packets);
        else
            copy_payloads<2>(from, to, packets);
        used_ += packets * run.size;
        size_ += packets * run.size;
        index += packets;
    }
}

/// Writes so that at least `bytes` fit. The buffer is a whole number of words: as long as only
/// words are appended, every write ends between two of them.
void output::make_room(std::size_t bytes) {
    if (pending_.size() - used_ < bytes) flush();
}

void output::flush() {
    std::span<const std::uint8_t> rest(pending_.data(), used_);
    while (!rest.empty() && !failed_) {
        const ssize_t size = ::write(fd_, rest.data(), rest.size());
        if (size >= 0)
            rest = rest.subspan(static_cast<std::size_t>(size));
        else if (errno != EINTR)
            fail_with(errno);
    }
    used_ = 0;
}

std::optional<error> output::take_failure() { return std::exchange(failure_, std::nullopt); }

void output::fail_with(int error_number) {
    failed_ = true;
    const char* advice = "check the path";
    if (error_number == ENOSPC || error_number == EDQUOT) advice = "make room on the disk";
    if (error_number == EPIPE) advice = "its reader ended";
    failure_ = error{fmt::format("{}: {}; {}", name_, errno_text(error_number), advice)};
}

} // namespace drone::capture
