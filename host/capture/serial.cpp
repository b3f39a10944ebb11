// SPDX-License-Identifier: MIT

// Serial lines and ptys. Linux's termios2 takes any baud rate as a number, where the POSIX
// interface knows a list of them; SWO runs at rates like 2,250,000. Lines are opened here; source_reader
// reads them, as every source that is a descriptor (source.hpp).

#include "capture/transports.hpp"

#include <fmt/format.h>

#include <asm/termbits.h>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

namespace drone::capture {

namespace {

struct line {
    std::string path;
    speed_t baud = 0;
};

result<line> parse(const std::string& text) {
    const std::size_t at = text.rfind('@');
    line found{.path = text.substr(0, at)};
    if (at == std::string::npos || found.path.empty()) {
        return fail(fmt::format("serial:{}: the baud rate is missing; write serial:PATH@BAUD", text)
        );
    }
    const char* const first = text.data() + at + 1;
    const char* const last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(first, last, found.baud);
    if (problem != std::errc{} || end != last || found.baud == 0) {
        return fail(fmt::format(
            "serial:{}: \"{}\" is not a baud rate; write a number such as 2000000", text, first
        ));
    }
    return found;
}

/// Raw, 8N1, no flow control, at `baud` or, when that is 0, at the speed it has.
result<void> make_raw(int fd, const std::string& path, speed_t baud) {
    termios2 settings{};
    if (::ioctl(fd, TCGETS2, &settings) != 0) {
        if (errno == ENOTTY)
            return fail(fmt::format("{} is not a serial line; name a file without serial:", path));
        return fail(fmt::format("{}: {}", path, errno_text(errno)));
    }
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag &= CBAUD | CIBAUD;
    settings.c_cflag |= CS8 | CREAD | CLOCAL;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    if (baud != 0) {
        settings.c_cflag &= ~static_cast<tcflag_t>(CBAUD | CIBAUD);
        settings.c_cflag |= BOTHER;
        settings.c_ispeed = settings.c_ospeed = baud;
    }
    if (::ioctl(fd, TCSETS2, &settings) != 0)
        return fail(fmt::format("{} at {} baud: {}", path, baud, errno_text(errno)));
    termios2 taken{};
    if (baud == 0 || ::ioctl(fd, TCGETS2, &taken) != 0) return {};
    // A UART samples the middle of the last bit rightly up to some 3 % of deviation.
    const auto wanted = static_cast<double>(baud);
    const auto given = static_cast<double>(taken.c_ospeed);
    if (given < wanted * 0.97 || given > wanted * 1.03) {
        return fail(fmt::format(
            "{} cannot run at {} baud; the nearest rate is {}; choose another rate for the trace",
            path,
            baud,
            taken.c_ospeed
        ));
    }
    return {};
}

class serial_source : public descriptor_source {
public:
    serial_source(base::descriptor fd, const std::string& name)
        : descriptor_source(std::move(fd), {.name = name}), overruns_(overruns()) {}

    /// What the driver counted: bytes that came while its buffers were full.
    [[nodiscard]] std::uint64_t lost() override {
        const std::uint64_t before = std::exchange(overruns_, overruns());
        return overruns_ - before;
    }

private:
    [[nodiscard]] std::uint64_t overruns() const {
        serial_icounter_struct counted{};
        if (::ioctl(descriptor(), TIOCGICOUNT, &counted) != 0) return 0;
        return static_cast<std::uint64_t>(counted.overrun) +
               static_cast<std::uint64_t>(counted.buf_overrun);
    }

    std::uint64_t overruns_;
};

} // namespace

result<std::unique_ptr<source>> open_serial(const std::string& text) {
    const auto wanted = parse(text);
    if (!wanted) return std::unexpected(wanted.error());
    // Without O_NONBLOCK the open itself may wait for a carrier.
    base::descriptor fd(::open(wanted->path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        return fail(fmt::format(
            "{}: {}; check that the probe is plugged in and that you have access to it",
            wanted->path,
            errno_text(errno)
        ));
    }
    if (const auto raw = make_raw(fd.get(), wanted->path, wanted->baud); !raw)
        return std::unexpected(raw.error());
    return std::make_unique<serial_source>(
        std::move(fd), fmt::format("{} at {} baud", wanted->path, wanted->baud)
    );
}

result<std::unique_ptr<source>> open_terminal(base::descriptor fd, const std::string& path) {
    if (const auto raw = make_raw(fd.get(), path, 0); !raw) return std::unexpected(raw.error());
    return std::make_unique<serial_source>(std::move(fd), path);
}

} // namespace drone::capture
