// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace drone::capture {

/// What one read brought.
struct reading {
    std::size_t size = 0; ///< bytes; may be 0 before the end
    bool ended = false;   ///< nothing comes after them
};

/// Where the bytes of a capture come from: an open stream that is read until it ends or the user
/// stops it. open_source() opens the transports. A probe that opens its own stream is wrapped as a
/// source where both are known.
class source {
public:
    virtual ~source() = default;
    source(const source&) = delete;
    source& operator=(const source&) = delete;

    /// As messages call it: "/dev/ttyACM0 at 2000000 baud".
    [[nodiscard]] virtual const std::string& name() const = 0;
    /// Bytes arrive as they happen, so that the host's clock dates them. A file is not live.
    [[nodiscard]] virtual bool live() const = 0;
    /// poll() reports it when there is something to read.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// Reads what is there into `into`; waits when nothing is.
    [[nodiscard]] virtual result<reading> read(std::span<std::uint8_t> into) = 0;
    /// Bytes that the transport itself is known to have lost since the last call.
    [[nodiscard]] virtual std::uint64_t lost() { return 0; }
    /// The user has had enough: the producer of the bytes may get a signal. What is on its way is still
    /// read. Returns whether the stream will end of itself for it.
    virtual bool stop() { return false; }
    /// After the last read: what the producer has to say, lines, or why it did not end well.
    [[nodiscard]] virtual result<std::string> close() { return std::string(); }

protected:
    source() = default;
};

/// One read of a descriptor into `into`, which takes as an end what is an end and not a failure. `name`
/// is for the message.
[[nodiscard]] result<reading>
read_descriptor(int fd, const std::string& name, std::span<std::uint8_t> into);

/// An open descriptor, read as it is.
class descriptor_source : public source {
public:
    struct description {
        std::string name;
        bool live = true;
    };

    descriptor_source(base::descriptor fd, description what)
        : fd_(std::move(fd)), what_(std::move(what)) {}

    [[nodiscard]] const std::string& name() const override { return what_.name; }
    [[nodiscard]] bool live() const override { return what_.live; }
    [[nodiscard]] int descriptor() const override { return fd_.get(); }
    [[nodiscard]] result<reading> read(std::span<std::uint8_t> into) override {
        return read_descriptor(fd_.get(), what_.name, into);
    }

private:
    base::descriptor fd_;
    description what_;
};

/// Opens SOURCE as the command line spells it:
///
///     PATH                    a file, a FIFO, a terminal or pty (raw, its speed left as it is)
///     -                       standard input
///     serial:PATH@BAUD        a serial line: raw, 8N1, no flow control, any baud rate
///     tcp:HOST:PORT           a TCP server that sends the bytes
///     gdb:HOST:PORT           a gdb server: the target's RTT, by reading its memory
///     openocd:HOST:PORT       OpenOCD's Tcl server: `tcl_trace on`, hexadecimal target_trace
///
/// An error says which part could not be opened and why.
[[nodiscard]] result<std::unique_ptr<source>> open_source(const std::string& spelling);

/// Whether open_source(spelling) can be tried again later with hope: a device or a server rather
/// than a file.
[[nodiscard]] bool can_come_back(const std::string& spelling);

} // namespace drone::capture
