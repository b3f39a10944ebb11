// SPDX-License-Identifier: MIT
#include "capture/source.hpp"

#include "capture/transports.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace drone::capture {

namespace {

/// `prefix` of `text`, and what follows it.
std::optional<std::string> after(std::string_view prefix, const std::string& text) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return text.substr(prefix.size());
}

result<std::unique_ptr<source>> open_path(const std::string& path) {
    // Non-blocking, so that a FIFO that nobody writes yet is waited for where Ctrl-C is heard.
    base::descriptor fd(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return fail(fmt::format("{}: {}; check the path", path, errno_text(errno)));
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0)
        return fail(fmt::format("{}: {}", path, errno_text(errno)));
    if (S_ISDIR(status.st_mode))
        return fail(fmt::format("{} is a folder; name a file or a device to read", path));
    if (::isatty(fd.get()) == 1) return open_terminal(std::move(fd), path);
    return std::make_unique<descriptor_source>(
        std::move(fd), descriptor_source::description{.name = path, .live = false}
    );
}

result<std::unique_ptr<source>> open_standard_input() {
    base::descriptor fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!fd) return fail(fmt::format("standard input: {}", errno_text(errno)));
    return std::make_unique<descriptor_source>(
        std::move(fd), descriptor_source::description{.name = "standard input", .live = false}
    );
}

} // namespace

result<reading> read_descriptor(int fd, const std::string& name, std::span<std::uint8_t> into) {
    for (;;) {
        const ssize_t size = ::read(fd, into.data(), into.size());
        if (size > 0) return reading{.size = static_cast<std::size_t>(size)};
        if (size == 0) return reading{.ended = true};
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return reading{};
        // A pty whose other side closed, a device that was pulled out, a peer that went away.
        if (errno == EIO || errno == ENXIO || errno == ENODEV || errno == ECONNRESET)
            return reading{.ended = true};
        return fail(fmt::format("{}: {}", name, errno_text(errno)));
    }
}

result<std::unique_ptr<source>> open_source(const std::string& spelling) {
    if (spelling == "-") return open_standard_input();
    if (const auto line = after("serial:", spelling)) return open_serial(*line);
    if (const auto server = after("tcp:", spelling)) return open_tcp(*server);
    if (const auto server = after("openocd:", spelling)) return open_openocd_trace(*server);
    if (const auto server = after("gdb:", spelling)) return open_gdb_rtt(*server);
    return open_path(spelling);
}

bool can_come_back(const std::string& spelling) {
    for (const std::string_view prefix : {"serial:", "tcp:", "openocd:", "gdb:"})
        if (spelling.starts_with(prefix)) return true;
    struct stat status{};
    if (spelling == "-") return false;
    return ::stat(spelling.c_str(), &status) != 0 || S_ISCHR(status.st_mode);
}

} // namespace drone::capture
