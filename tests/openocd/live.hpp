// SPDX-License-Identifier: MIT
#pragma once

// An OpenOCD that goes on running, with its Tcl server: what `drone log` and people's tools talk to.
// Ports are what the system gives; nothing waits for a time, only for what OpenOCD says.

#include "base/descriptor.hpp"
#include "session.hpp"

#include <array>
#include <cstdio>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>

namespace drone::board::test {

inline base::descriptor connect_to(std::uint16_t port) {
    base::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
        throw std::runtime_error("nobody listens on port " + std::to_string(port));
    return made;
}

/// A port for what cannot be told to take any. It is held: the system gives it to nobody else, and
/// whoever sets SO_REUSEADDR, as OpenOCD does, can listen on it.
class held_port {
public:
    held_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int reuse = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        auto* const address = reinterpret_cast<sockaddr*>(&where);
        if (::bind(socket_.get(), address, size) != 0 ||
            ::getsockname(socket_.get(), address, &size) != 0)
            throw std::runtime_error("no port is free");
        number_ = ntohs(where.sin_port);
    }
    [[nodiscard]] std::uint16_t number() const { return number_; }

private:
    base::descriptor socket_;
    std::uint16_t number_ = 0;
};

/// Up to `bytes` bytes, or to the end.
inline std::string receive(const base::descriptor& from, std::size_t bytes) {
    std::string all(bytes, '\0');
    std::size_t size = 0;
    while (size < bytes) {
        const ssize_t got = ::recv(from.get(), all.data() + size, bytes - size, 0);
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    all.resize(size);
    return all;
}

class live_openocd {
public:
    live_openocd(const std::filesystem::path& folder, transport way) {
        std::string line = openocd_set_up(way);
        const auto replace = [&line](std::string_view what, std::string_view by) {
            line.replace(line.find(what), what.size(), by);
        };
        replace("tcl_port disabled", "tcl_port 0");
        replace("; log_output openocd.log", "");
        const std::string whole = "cd " + folder.string() +
                                  " && PATH=" DRONE_BINARY_DIR
                                  "/bin:$PATH exec timeout -k 5 100 drone-board stlink "
                                  "--flash-file f --swo pin -- " +
                                  line + " -c init 2>&1 </dev/null";
        output_ = ::popen(whole.c_str(), "r");
        tcl_ = connect_to(wait_for_port("tcl"));
    }
    live_openocd(const live_openocd&) = delete;
    live_openocd& operator=(const live_openocd&) = delete;
    ~live_openocd() {
        exchange("shutdown");
        tcl_.close();
        ::pclose(output_);
    }

    /// The next line in which OpenOCD says so.
    std::string wait_for(std::string_view text) {
        std::array<char, 4096> line{};
        while (std::fgets(line.data(), line.size(), output_) != nullptr) {
            said += line.data();
            if (std::string_view(line.data()).find(text) != std::string_view::npos)
                return line.data();
        }
        throw std::runtime_error("OpenOCD never said \"" + std::string(text) + "\":\n" + said);
    }
    /// The port on which OpenOCD now serves such connections.
    std::uint16_t wait_for_port(const std::string& kind) {
        const std::string line = wait_for("for " + kind + " connections");
        return static_cast<std::uint16_t>(std::stoul(line.substr(line.find("port ") + 5)));
    }

    /// Runs a command; returns its result. Throws what OpenOCD says when it fails.
    std::string tcl(const std::string& command) {
        const std::string answer = exchange(
            "if {[catch {" + command + "} result]} {set result \"failed: $result\"}; set result"
        );
        if (answer.starts_with("failed: ")) throw std::runtime_error(command + ": " + answer);
        return answer;
    }
    std::uint32_t word(std::uint32_t address) {
        return static_cast<std::uint32_t>(
            std::stoul(tcl(fmt::format("read_memory {:#x} 32 1", address)), nullptr, 0)
        );
    }

    std::string said;

private:
    std::string exchange(const std::string& command) {
        const std::string framed = command + "\x1a";
        static_cast<void>(::send(tcl_.get(), framed.data(), framed.size(), MSG_NOSIGNAL));
        std::string answer;
        for (std::string byte = receive(tcl_, 1); !byte.empty() && byte != "\x1a";
             byte = receive(tcl_, 1))
            answer += byte;
        return answer;
    }

    std::FILE* output_ = nullptr;
    base::descriptor tcl_;
};

} // namespace drone::board::test
