// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::capture {

/// A client of the gdb remote protocol: as much as reading memory and starting a target needs. The
/// target is stopped while memory is read. Every call waits for the server, for a bounded time.
class gdb_remote {
public:
    /// Connects to `HOST:PORT`, which stops the target.
    [[nodiscard]] static result<gdb_remote> connect(const std::string& server);

    [[nodiscard]] result<std::vector<std::uint8_t>> read(std::uint32_t address, std::uint32_t size);
    [[nodiscard]] result<std::uint32_t> read_word(std::uint32_t address);
    [[nodiscard]] result<void> write_word(std::uint32_t address, std::uint32_t value);
    /// A command of the server's own, as gdb's `monitor`.
    [[nodiscard]] result<void> monitor(std::string_view command);
    /// Lets the target run.
    [[nodiscard]] result<void> resume();
    /// Stops the target after resume().
    [[nodiscard]] result<void> interrupt();
    /// Lets the target run, and ends the session.
    void detach();

private:
    gdb_remote(base::descriptor socket, std::string server)
        : socket_(std::move(socket)), server_(std::move(server)) {}

    [[nodiscard]] result<std::string> exchange(const std::string& packet);
    [[nodiscard]] result<void> send(std::string_view bytes);
    [[nodiscard]] result<std::string> receive();
    [[nodiscard]] result<char> next();
    [[nodiscard]] std::unexpected<error> went_wrong(std::string_view what) const;

    base::descriptor socket_;
    std::string server_;
    std::string waiting_; ///< received and not looked at
    std::size_t at_ = 0;
};

} // namespace drone::capture
