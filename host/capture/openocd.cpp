// SPDX-License-Identifier: MIT

// OpenOCD's Tcl server as a source: after `tcl_trace on` it sends what the trace port gathered as
// messages that end in 0x1A, `type target_trace data <hexadecimal>`.

#include "capture/trace_messages.hpp"
#include "capture/transports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace drone::capture {

namespace {

class openocd_source : public descriptor_source {
public:
    openocd_source(base::descriptor fd, const std::string& name)
        : descriptor_source(std::move(fd), {.name = name}) {}

    [[nodiscard]] result<reading> read(std::span<std::uint8_t> into) override {
        // Two digits a byte: what is read never decodes to more than fits.
        std::array<std::uint8_t, 16384> raw{};
        const std::size_t room = std::min(raw.size(), into.size());
        const auto got = descriptor_source::read({raw.data(), room});
        if (!got) return got;
        const auto decoded = messages_.decode({raw.data(), got->size}, into);
        if (!decoded) return fail(fmt::format("{}: {}", name(), decoded.error().message));
        return reading{.size = *decoded, .ended = got->ended};
    }

private:
    trace_messages messages_;
};

} // namespace

result<std::unique_ptr<source>> open_openocd_trace(const std::string& server) {
    auto fd = connect_tcp(server);
    if (!fd) return std::unexpected(fd.error());
    constexpr std::string_view command = "tcl_trace on\x1a";
    const ssize_t sent = ::send(fd->get(), command.data(), command.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(command.size()))
        return fail(
            fmt::format("{}: {}; check that it is OpenOCD's Tcl port", server, errno_text(errno))
        );
    return std::make_unique<openocd_source>(std::move(*fd), fmt::format("OpenOCD at {}", server));
}

} // namespace drone::capture
