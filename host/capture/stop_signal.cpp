// SPDX-License-Identifier: MIT
#include "capture/stop_signal.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace drone::capture {

namespace {

std::atomic<int> event = -1;
std::atomic<bool> asked = false;

void ask() {
    asked = true;
    const std::uint64_t one = 1;
    const int fd = event;
    if (fd >= 0) static_cast<void>(!::write(fd, &one, sizeof one));
}

void on_signal(int /*number*/) {
    const int kept = errno;
    ask();
    errno = kept;
}

void set_handler() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    for (const int number : {SIGINT, SIGTERM})
        ::sigaction(number, &action, nullptr);
    // A terminal that goes away, unless the user said that it may (nohup).
    struct sigaction before{};
    ::sigaction(SIGHUP, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
}

} // namespace

stop_signal::stop_signal() {
    asked = false;
    event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    set_handler();
}

stop_signal::~stop_signal() { ::close(event.exchange(-1)); }

int stop_signal::descriptor() const { return event; }
bool stop_signal::requested() const { return asked; }
void stop_signal::request() { ask(); }

} // namespace drone::capture
