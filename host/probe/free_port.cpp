// SPDX-License-Identifier: MIT
#include "probe/free_port.hpp"

#include <arpa/inet.h>
#include <cstddef>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace drone::probe {

namespace {

// Linux gives clients ports from 32768 on (ip_local_port_range).
constexpr unsigned first_port = 20000;
constexpr unsigned ports = 12000;

template <typename Address>
bool bind_to(const base::descriptor& socket, const Address& address, std::size_t size) {
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    return socket && ::bind(socket.get(), generic, static_cast<socklen_t>(size)) == 0;
}

/// The port's name among programs of ours, in the abstract namespace (unix(7)).
base::descriptor claim(unsigned port) {
    base::descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "drone-port-" + std::to_string(port);
    name.copy(&address.sun_path[1], name.size());
    if (!bind_to(socket, address, offsetof(sockaddr_un, sun_path) + 1 + name.size()))
        socket.close();
    return socket;
}

bool nobody_listens_on(unsigned port) {
    const base::descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY); // a server may listen on every address
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return bind_to(socket, address, sizeof address);
}

} // namespace

free_port::free_port() {
    const auto start = static_cast<unsigned>(::getpid()); // runs at the same time begin elsewhere
    for (unsigned tried = 0; tried < ports; ++tried) {
        const unsigned port = first_port + (start + tried) % ports;
        claim_ = claim(port);
        if (!claim_ || !nobody_listens_on(port)) continue;
        number_ = static_cast<std::uint16_t>(port);
        return;
    }
    claim_.close();
}

} // namespace drone::probe
