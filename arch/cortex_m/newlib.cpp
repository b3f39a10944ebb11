// SPDX-License-Identifier: MIT

// What newlib (and newlib-nano) ask of an operating system. Standard output and standard error go
// to log ports 0 and 1 of the ITM, waiting for room while somebody listens; there are no files.
// There is no _sbrk on purpose: the project's heap is the only one, and a program that would link
// newlib's own malloc does not link. A program whose log is not carried by the ITM defines _write
// itself; so does one that has files or a clock. Link-time optimisation keeps them all: the
// library's archive may refer to them after it.

#include "itm.hpp"
#include "stop.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>

namespace {

using drone::cortex_m::itm;

#if __ARM_ARCH >= 7
bool wait_for(unsigned port) {
    while (!itm::ready(port)) {
        if (!itm::enabled(port) || !itm::running()) return false;
    }
    return true;
}

void send(unsigned port, const char* text, std::size_t size) {
    if (!itm::enabled(port)) return;
    for (; size >= sizeof(std::uint32_t);
         text += sizeof(std::uint32_t), size -= sizeof(std::uint32_t)) {
        std::uint32_t word = 0;
        std::memcpy(&word, text, sizeof word);
        if (!wait_for(port)) return;
        itm::write(port, word);
    }
    for (; size != 0; ++text, --size) {
        if (!wait_for(port)) return;
        itm::write(port, static_cast<std::uint8_t>(*text));
    }
}
#else
void send(unsigned, const char*, std::size_t) {} // ARMv6-M has no ITM
#endif

} // namespace

#define DRONE_STUB [[gnu::used, gnu::weak]]

extern "C" {

DRONE_STUB int _write(int descriptor, const char* text, int size) {
    if (descriptor != 1 && descriptor != 2) {
        errno = EBADF;
        return -1;
    }
    send(static_cast<unsigned>(descriptor - 1), text, static_cast<std::size_t>(size));
    return size;
}

DRONE_STUB int _read(int, char*, int) { return 0; }
DRONE_STUB int _close(int) { return 0; }
DRONE_STUB int _isatty(int) { return 1; }
DRONE_STUB int _getpid() { return 1; }

DRONE_STUB int _open(const char*, int, ...) {
    errno = ENOENT;
    return -1;
}
DRONE_STUB int _stat(const char*, struct stat*) {
    errno = ENOENT;
    return -1;
}
DRONE_STUB int _link(const char*, const char*) {
    errno = ENOENT;
    return -1;
}
DRONE_STUB int _unlink(const char*) {
    errno = ENOENT;
    return -1;
}

DRONE_STUB int _lseek(int, int, int) {
    errno = ESPIPE;
    return -1;
}

DRONE_STUB int _fstat(int, struct stat* status) {
    status->st_mode = S_IFCHR;
    return 0;
}

DRONE_STUB int _kill(int, int) {
    errno = EINVAL;
    return -1;
}

// There is no clock: time() and clock() are -1.
DRONE_STUB int _gettimeofday(struct timeval*, void*) {
    errno = ENOSYS;
    return -1;
}
DRONE_STUB clock_t _times(struct tms*) {
    errno = ENOSYS;
    return static_cast<clock_t>(-1);
}

[[noreturn]] DRONE_STUB void _exit(int status) { drone::cortex_m::stop(status); }
}
