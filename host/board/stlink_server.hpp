// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/stlink_probe.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace drone::board {

/// What the server tells of its probe.
struct stlink_server_setup {
    std::string serial = "DRONE0000000000000000001"; ///< at most 32 characters
    bool plugged_in = true;                          ///< false: the server has no probe
    bool in_use = false;                             ///< another program has the probe
    unsigned busy_every = 0; ///< each so-manieth command finds the probe busy; 0: none does
};

/// The protocol of ST's `stlink-server`, API 3, with one probe: bytes of one client in, bytes for
/// it out. Requests have no length of their own; the first byte says how long one is.
class stlink_server {
public:
    stlink_server(const stlink_server_setup& setup, stlink_probe& probe)
        : setup_(setup), probe_(probe) {}

    /// Takes bytes as they come and returns the answers to the requests that are whole. An error:
    /// this is not that protocol; the connection is to be closed.
    [[nodiscard]] result<std::vector<std::uint8_t>> receive(std::span<const std::uint8_t> bytes);

    /// The client is gone; another may come.
    void disconnect();

private:
    /// Bytes of the request at the front, as far as its beginning says; 0: it is not known.
    [[nodiscard]] std::size_t request_bytes() const;
    void answer_request(std::span<const std::uint8_t> request);
    void answer_device_info();
    void answer_usb_command(std::span<const std::uint8_t> request);
    template <class Number>
    void put(Number number);

    stlink_server_setup setup_;
    stlink_probe& probe_;
    std::vector<std::uint8_t> received_;
    std::vector<std::uint8_t> answers_;
    unsigned commands_ = 0;
};

} // namespace drone::board
