// SPDX-License-Identifier: MIT
#include "capture/gdb_remote.hpp"

#include "base/bytes.hpp"
#include "capture/transports.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

namespace drone::capture {

namespace {

constexpr int patience_milliseconds = 5000;

std::string framed(std::string_view packet) {
    unsigned sum = 0;
    for (const char c : packet)
        sum += static_cast<unsigned char>(c);
    return fmt::format("${}#{:02x}", packet, sum & 0xFFU);
}

std::string in_hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::uint8_t> bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char* const at = text.data() + 2 * i;
        const auto [end, problem] = std::from_chars(at, at + 2, bytes[i], 16);
        if (problem != std::errc{} || end != at + 2) return std::nullopt;
    }
    return bytes;
}

} // namespace

std::unexpected<error> gdb_remote::went_wrong(std::string_view what) const {
    return fail(fmt::format("the gdb server at {} {}", server_, what));
}

result<gdb_remote> gdb_remote::connect(const std::string& server) {
    auto socket = connect_tcp(server);
    if (!socket) return std::unexpected(socket.error());
    // An acknowledgement alone must not hold the next packet up.
    const int on = 1;
    ::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    gdb_remote made(std::move(*socket), server);
    // "Why did you stop": a server that is none does not answer.
    auto why = made.exchange("?");
    if (!why) return std::unexpected(why.error());
    return made;
}

result<void> gdb_remote::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) {
            pollfd ready{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
            if (::poll(&ready, 1, patience_milliseconds) == 0) return went_wrong("takes nothing");
            continue;
        }
        if (sent < 0) return went_wrong("went away");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

result<char> gdb_remote::next() {
    while (at_ == waiting_.size()) {
        std::array<char, 4096> buffer{};
        pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, patience_milliseconds) == 0)
            return went_wrong("does not answer; check that the port is a gdb server's");
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return went_wrong("went away");
        waiting_.assign(buffer.data(), static_cast<std::size_t>(got));
        at_ = 0;
    }
    return waiting_[at_++];
}

/// The next packet, without its frame. Escapes and run lengths are undone.
result<std::string> gdb_remote::receive() {
    for (;;) {
        auto c = next();
        if (!c) return std::unexpected(c.error());
        if (*c != '$') continue; // acknowledgements, and notifications that nobody asked for
        std::string packet;
        for (;;) {
            c = next();
            if (!c) return std::unexpected(c.error());
            if (*c == '#') break;
            if (*c == '}') {
                c = next();
                if (!c) return std::unexpected(c.error());
                packet += static_cast<char>(*c ^ 0x20);
            } else if (*c == '*' && !packet.empty()) {
                c = next();
                if (!c) return std::unexpected(c.error());
                const int more = *c - 29;
                packet.append(static_cast<std::size_t>(more < 0 ? 0 : more), packet.back());
            } else {
                packet += *c;
            }
        }
        for (int digit = 0; digit < 2; ++digit)
            if (c = next(); !c) return std::unexpected(c.error());
        if (auto sent = send("+"); !sent) return std::unexpected(sent.error());
        return packet;
    }
}

result<std::string> gdb_remote::exchange(const std::string& packet) {
    if (auto sent = send(framed(packet)); !sent) return std::unexpected(sent.error());
    return receive();
}

result<std::vector<std::uint8_t>> gdb_remote::read(std::uint32_t address, std::uint32_t size) {
    const auto answer = exchange(fmt::format("m{:x},{:x}", address, size));
    if (!answer) return std::unexpected(answer.error());
    auto bytes = from_hex(*answer);
    if (!bytes || bytes->empty())
        return went_wrong(fmt::format("cannot read {} bytes at {:#010x}", size, address));
    return *std::move(bytes);
}

result<std::uint32_t> gdb_remote::read_word(std::uint32_t address) {
    const auto bytes = read(address, 4);
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->size() != 4)
        return went_wrong(fmt::format("cannot read the word at {:#010x}", address));
    return base::load_le<std::uint32_t>(bytes->data());
}

result<void> gdb_remote::write_word(std::uint32_t address, std::uint32_t value) {
    std::string bytes;
    for (unsigned i = 0; i < 4; ++i)
        bytes += static_cast<char>(value >> 8 * i & 0xFFU);
    const auto answer = exchange(fmt::format("M{:x},4:{}", address, in_hex(bytes)));
    if (!answer) return std::unexpected(answer.error());
    if (*answer != "OK")
        return went_wrong(fmt::format("cannot write the word at {:#010x}", address));
    return {};
}

result<void> gdb_remote::monitor(std::string_view command) {
    auto answer = exchange("qRcmd," + in_hex(command));
    while (answer && answer->starts_with('O') && *answer != "OK") // what it prints meanwhile
        answer = receive();
    if (!answer) return std::unexpected(answer.error());
    if (answer->starts_with('E') || answer->empty())
        return went_wrong(fmt::format("refuses `monitor {}`", command));
    return {};
}

// Whoever counts how long the target runs must not count how long a slow server takes to hear of it.
result<void> gdb_remote::resume() {
    if (auto sent = send(framed("c")); !sent) return sent;
    const auto acknowledged = next();
    if (!acknowledged) return std::unexpected(acknowledged.error());
    if (*acknowledged != '+') --at_; // it has stopped already
    return {};
}

result<void> gdb_remote::interrupt() {
    if (auto sent = send("\x03"); !sent) return sent;
    auto why = receive();
    while (why && why->starts_with('O')) // text of the target
        why = receive();
    if (!why) return std::unexpected(why.error());
    if (why->starts_with('W') || why->starts_with('X'))
        return went_wrong("says that the program ended");
    return {};
}

void gdb_remote::detach() { [[maybe_unused]] const auto done = exchange("D"); }

} // namespace drone::capture
