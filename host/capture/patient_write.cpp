// SPDX-License-Identifier: MIT
#include "capture/patient_write.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace drone::capture {

bool patient_write(
    int pipe, int end, std::span<const std::uint8_t> bytes, std::chrono::milliseconds patience
) {
    while (!bytes.empty()) {
        const ssize_t size = ::write(pipe, bytes.data(), bytes.size());
        if (size > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(size));
            continue;
        }
        if (size < 0 && errno == EINTR) continue;
        if (size == 0 || errno != EAGAIN) return false;
        std::array<pollfd, 2> either{
            {{.fd = pipe, .events = POLLOUT, .revents = 0},
             {.fd = end, .events = POLLIN, .revents = 0}}
        };
        const bool ended = ::poll(&either[1], 1, 0) != 0;
        const int wait = ended ? static_cast<int>(patience.count()) : -1;
        if (::poll(either.data(), ended ? 1 : 2, wait) == 0) return false;
    }
    return true;
}

} // namespace drone::capture
