// SPDX-License-Identifier: MIT

#include "board/control.hpp"

#include "base/errno.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
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
        folder_ = base::descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        const std::string text =
            fmt::format("/proc/self/fd/{}/{}", folder_.get(), path.filename().string());
        value_.sun_family = AF_UNIX;
        fits_ = folder_ && text.size() < sizeof value_.sun_path;
        if (fits_) std::memcpy(value_.sun_path, text.c_str(), text.size() + 1);
    }

    [[nodiscard]] bool fits() const { return fits_; }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value_); }
    static constexpr socklen_t size = sizeof(sockaddr_un);

private:
    base::descriptor folder_;
    bool fits_ = false;
    sockaddr_un value_{};
};

/// A connection to the board that runs there; none when no board does.
base::descriptor connect_to(const std::filesystem::path& path) {
    const address where(path);
    if (!where.fits()) return {};
    base::descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connection && ::connect(connection.get(), where.get(), address::size) != 0)
        connection.close();
    return connection;
}

} // namespace

result<control_socket> control_socket::listen(const std::filesystem::path& flash_file) {
    const std::filesystem::path path = socket_path(flash_file);
    if (connect_to(path))
        return fail(
            fmt::format("a board is already running on {}; end it first", flash_file.string())
        );
    std::error_code status;
    std::filesystem::remove(path, status); // left behind by a board that was killed
    const address where(path);
    base::descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!listener || !where.fits() || ::bind(listener.get(), where.get(), address::size) != 0 ||
        ::listen(listener.get(), 4) != 0) {
        const int why = where.fits() ? errno : ENAMETOOLONG;
        return fail(fmt::format(
            "cannot open the control socket {}: {}", path.string(), base::errno_text(why)
        ));
    }
    return control_socket(std::move(listener), path);
}

control_socket::control_socket(base::descriptor listener, std::filesystem::path path)
    : listener_(std::move(listener)), path_(std::move(path)) {}

control_socket::~control_socket() {
    if (!listener_) return; // moved from
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

bool control_socket::take_request() {
    if (!client_)
        client_ = base::descriptor(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)
        );
    if (!client_) return false;
    char request = 0;
    const ssize_t got = ::recv(client_.get(), &request, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got == 1)
        static_cast<void>(::send(client_.get(), &request, 1, MSG_NOSIGNAL | MSG_DONTWAIT));
    client_.close();
    return got == 1;
}

result<bool> request_reset(const std::filesystem::path& flash_file) {
    const auto connection = connect_to(socket_path(flash_file));
    if (!connection) return false;
    char byte = 'r';
    ssize_t got = ::send(connection.get(), &byte, 1, MSG_NOSIGNAL);
    if (got == 1) {
        do {
            got = ::recv(connection.get(), &byte, 1, 0);
        } while (got < 0 && errno == EINTR);
    }
    if (got != 1)
        return fail(fmt::format("the board on {} ended before its reset", flash_file.string()));
    return true;
}

} // namespace drone::board
