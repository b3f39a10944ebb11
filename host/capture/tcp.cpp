// SPDX-License-Identifier: MIT

// TCP: connects to a server that sends trace bytes (OpenOCD, J-Link, orbuculum, pyOCD, QEMU).

#include "capture/transports.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace drone::capture {

namespace {

constexpr int connect_milliseconds = 5000;

struct address {
    std::string host;
    std::string port;
};

result<address> parse(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    address found;
    if (colon != std::string::npos) {
        found = {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
        if (found.host.starts_with('[') && found.host.ends_with(']'))
            found.host = found.host.substr(1, found.host.size() - 2);
    }
    if (found.host.empty() || found.port.empty())
        return fail(fmt::format("\"{}\" is not an address; write HOST:PORT", text));
    std::uint16_t number = 0; // getaddrinfo() takes larger ones, too, and what is left of them
    const char* const end = found.port.data() + found.port.size();
    const auto [stopped, problem] = std::from_chars(found.port.data(), end, number);
    if (problem != std::errc{} || stopped != end || number == 0)
        return fail(fmt::format("\"{}\": {} is not a port; ports are 1 to 65535", text, found.port)
        );
    return found;
}

/// 0, or the errno of the failure.
int connect_within(int fd, const addrinfo& to) {
    if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&waiting, 1, connect_milliseconds);
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0) return errno;
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    return problem;
}

} // namespace

result<base::descriptor> connect_tcp(const std::string& server) {
    const auto where = parse(server);
    if (!where) return std::unexpected(where.error());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int unknown = ::getaddrinfo(where->host.c_str(), where->port.c_str(), &hints, &list);
    if (unknown != 0) {
        return fail(
            fmt::format("{}: {}; check the host and the port", server, gai_strerror(unknown))
        );
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(list, ::freeaddrinfo);
    int problem = 0;
    for (const addrinfo* to = list; to != nullptr; to = to->ai_next) {
        base::descriptor fd(
            ::socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol)
        );
        problem = fd ? connect_within(fd.get(), *to) : errno;
        if (problem != 0) continue;
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        return fd;
    }
    return fail(fmt::format("{}: {}; check that the server runs", server, errno_text(problem)));
}

result<std::unique_ptr<source>> open_tcp(const std::string& server) {
    auto fd = connect_tcp(server);
    if (!fd) return std::unexpected(fd.error());
    return std::make_unique<descriptor_source>(
        std::move(*fd), descriptor_source::description{.name = server}
    );
}

} // namespace drone::capture
