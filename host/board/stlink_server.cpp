// SPDX-License-Identifier: MIT

#include "board/stlink_server.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace drone::board {
namespace {

enum request : std::uint8_t {
    refresh_devices = 0,
    count_devices = 1,
    get_device_info = 2,
    open_device = 3,
    close_device = 4,
    send_usb_command = 5,
    get_server_version = 6,
    count_clients = 7,
};

/// By the first byte.
constexpr std::array<std::size_t, 8> lengths{2, 1, 8, 8, 8, 32, 4, 8};

enum direction : std::uint8_t { to_probe = 0, from_probe = 1, trace_from_probe = 3 };

// Where a USB command's fields are.
constexpr std::size_t command_at = 8;
constexpr std::size_t direction_at = 24;
constexpr std::size_t size_at = 28;
constexpr std::uint32_t largest_transfer = 1U << 20U;

constexpr std::uint32_t status_ok = 1;
constexpr std::uint32_t status_busy = 0x2004;
constexpr std::uint32_t status_unknown = 0x1002;

constexpr std::uint32_t server_api = 3;
constexpr std::uint32_t device_id = 0x0001;
constexpr std::uint32_t connection_id = 0x0077;
constexpr std::size_t serial_bytes = 32;

} // namespace

template <class Number>
void stlink_server::put(Number number) {
    const auto bytes = base::store_le(number);
    answers_.insert(answers_.end(), bytes.begin(), bytes.end());
}

result<std::vector<std::uint8_t>> stlink_server::receive(std::span<const std::uint8_t> bytes) {
    received_.insert(received_.end(), bytes.begin(), bytes.end());
    answers_.clear();
    while (!received_.empty()) {
        const std::size_t size = request_bytes();
        if (size == 0) {
            return fail(fmt::format(
                "the client does not speak stlink-server's protocol: a request begins with {:#04x}",
                received_[0]
            ));
        }
        if (received_.size() < size) break;
        answer_request(std::span(received_).first(size));
        received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return answers_;
}

void stlink_server::disconnect() {
    received_.clear();
    probe_.disconnect();
}

std::size_t stlink_server::request_bytes() const {
    const std::uint8_t kind = received_[0];
    if (kind >= lengths.size()) return 0;
    const std::size_t size = lengths[kind];
    if (kind != send_usb_command || received_.size() < size) return size;
    const auto transfer = base::load_le<std::uint32_t>(&received_[size_at]);
    if (transfer > largest_transfer) return 0;
    return received_[direction_at] == to_probe ? size + transfer : size;
}

void stlink_server::answer_request(std::span<const std::uint8_t> request) {
    switch (request[0]) {
    case refresh_devices:
    case close_device:
        put(status_ok);
        break;
    case count_devices:
        put(setup_.plugged_in ? std::uint32_t{1} : std::uint32_t{0});
        break;
    case get_device_info:
        answer_device_info();
        break;
    case open_device:
        put(status_ok);
        put(connection_id);
        break;
    case send_usb_command:
        answer_usb_command(request);
        break;
    case get_server_version:
        put(server_api);
        for (const std::uint32_t part : {2U, 1U, 1U}) // version 2.1.1
            put(part);
        break;
    case count_clients:
        put(status_ok);
        put(std::uint32_t{1});
        break;
    default:
        put(status_unknown);
    }
}

void stlink_server::answer_device_info() {
    std::array<std::uint8_t, serial_bytes> serial{};
    std::copy_n(
        setup_.serial.begin(), std::min(setup_.serial.size(), serial.size()), serial.begin()
    );
    put(status_ok);
    put(device_id);
    answers_.insert(answers_.end(), serial.begin(), serial.end());
    put(stlink_version::vendor);
    put(probe_.version().product());
    put(static_cast<std::uint8_t>(setup_.in_use ? 1 : 0));
}

// The client waits for a whole answer whatever the status is.
void stlink_server::answer_usb_command(std::span<const std::uint8_t> request) {
    const std::uint8_t way = request[direction_at];
    const auto size = base::load_le<std::uint32_t>(&request[size_at]);
    const bool busy = setup_.busy_every != 0 && ++commands_ % setup_.busy_every == 0;
    put(busy ? status_busy : status_ok);
    const std::size_t at = answers_.size();
    answers_.resize(at + (way == to_probe ? 0U : size), 0);
    const std::span<std::uint8_t> answer = std::span(answers_).subspan(at);
    if (busy) return;
    if (way == trace_from_probe) return probe_.trace().take(answer);
    probe_.command(
        request.subspan<command_at, stlink_probe::command_bytes>(),
        request.subspan(lengths[send_usb_command]),
        answer
    );
}

} // namespace drone::board
