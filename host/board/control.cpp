// SPDX-License-Identifier: MIT

#include "board/control.hpp"

#include "base/errno.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace drone::board {
namespace {

std::filesystem::path socket_path(const std::filesystem::path& flash_file) {
    std::filesystem::path path = flash_file;
    path += ".sock";
    return path;
}

/// A socket address holds some 100 characters; a folder opened as a descriptor makes any path
/// short.
class address {
public:
    explicit address(const std::filesystem::path& path) {
        const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
        folder_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        const std::string text =
            fmt::format("/proc/self/fd/{}/{}", folder_, path.filename().string());
        value_.sun_family = AF_UNIX;
        fits_ = folder_ >= 0 && text.size() < sizeof value_.sun_path;
        if (fits_) std::memcpy(value_.sun_path, text.c_str(), text.size() + 1);
    }
    address(const address&) = delete;
    address& operator=(const address&) = delete;
    ~address() {
        if (folder_ >= 0) ::close(folder_);
    }

    [[nodiscard]] bool fits() const { return fits_; }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value_); }
    static constexpr socklen_t size = sizeof(sockaddr_un);

private:
    int folder_ = -1;
    bool fits_ = false;
    sockaddr_un value_{};
};

/// A connection to the board that runs there, if one does.
std::optional<int> connect_to(const std::filesystem::path& path) {
    const address where(path);
    if (!where.fits()) return std::nullopt;
    const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) return std::nullopt;
    if (::connect(connection, where.get(), address::size) != 0) {
        ::close(connection);
        return std::nullopt;
    }
    return connection;
}

} // namespace

result<control_socket> control_socket::listen(const std::filesystem::path& flash_file) {
    const std::filesystem::path path = socket_path(flash_file);
    if (const auto other = connect_to(path)) {
        ::close(*other);
        return fail(
            fmt::format("a board is already running on {}; end it first", flash_file.string())
        );
    }
    std::error_code status;
    std::filesystem::remove(path, status); // left behind by a board that was killed
    const address where(path);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || !where.fits() || ::bind(listener, where.get(), address::size) != 0 ||
        ::listen(listener, 4) != 0) {
        const int why = where.fits() ? errno : ENAMETOOLONG;
        if (listener >= 0) ::close(listener);
        return fail(fmt::format(
            "cannot open the control socket {}: {}", path.string(), base::errno_text(why)
        ));
    }
    return control_socket(listener, path);
}

control_socket::control_socket(int listener, std::filesystem::path path)
    : listener_(listener), path_(std::move(path)) {}

control_socket::control_socket(control_socket&& other) noexcept
    : listener_(std::exchange(other.listener_, -1)), client_(std::exchange(other.client_, -1)),
      path_(std::move(other.path_)) {}

control_socket::~control_socket() {
    if (client_ >= 0) ::close(client_);
    if (listener_ < 0) return;
    ::close(listener_);
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

bool control_socket::take_request() {
    if (client_ < 0) client_ = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client_ < 0) return false;
    char request = 0;
    const ssize_t got = ::recv(client_, &request, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got == 1) static_cast<void>(::send(client_, &request, 1, MSG_NOSIGNAL | MSG_DONTWAIT));
    ::close(std::exchange(client_, -1));
    return got == 1;
}

result<bool> request_reset(const std::filesystem::path& flash_file) {
    const auto connection = connect_to(socket_path(flash_file));
    if (!connection) return false;
    char byte = 'r';
    ssize_t got = ::send(*connection, &byte, 1, MSG_NOSIGNAL);
    if (got == 1) {
        do {
            got = ::recv(*connection, &byte, 1, 0);
        } while (got < 0 && errno == EINTR);
    }
    ::close(*connection);
    if (got != 1)
        return fail(fmt::format("the board on {} ended before its reset", flash_file.string()));
    return true;
}

} // namespace drone::board
