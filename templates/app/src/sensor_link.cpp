#include "sensor_link.hpp"

#include <algorithm>
#include <new>
#include <string_view>

namespace {

using namespace std::string_view_literals;

// What the sensors and the operator say. Everything follows from a packet's number alone, so that
// one run is like the other.

constexpr std::array<std::uint8_t, console> samples_of{2, 3, 4, 5, 6, 8, 10};
constexpr std::array<std::uint16_t, console> level_of{215, 1013, 55, 340, 80, 410, 120};

constexpr std::uint8_t line_length = 32;
constexpr std::array lines{
    "name 0 air"sv,
    "alarm 3 352 gale"sv,
    "depth 0 12"sv,
    "median 0"sv,
    "name 5 irradiance, south side"sv,
    "alarm 5 424 cover the panels"sv,
    "every 900 mean 1"sv,
    "median 5"sv,
    "depth 5 24"sv,
    "list"sv,
    "name 2 relative humidity"sv,
    "every 1700 median 3"sv,
    "clear 3"sv,
    "reboot now"sv,
    "median 6"sv,
    "clear 5"sv,
    "quiet"sv,
};

/// One in so many packets is damaged on its way.
constexpr std::uint32_t damage_period = 61;

constexpr std::uint8_t payload_length(std::uint8_t source) {
    const std::uint8_t content =
        source == console ? line_length : static_cast<std::uint8_t>(2 * samples_of[source]);
    return content + 1;
}

constexpr std::uint16_t sample(std::uint8_t source, std::uint32_t number, std::uint32_t index) {
    const std::uint32_t noise = (number * 8 + index + 1) * 2'654'435'761U;
    return static_cast<std::uint16_t>(level_of[source] + (noise >> 27U));
}

void write_samples(std::uint8_t* out, std::uint8_t source, std::uint32_t number) {
    for (std::uint32_t i = 0; i < samples_of[source]; ++i) {
        const std::uint16_t value = sample(source, number, i);
        *out++ = static_cast<std::uint8_t>(value);
        *out++ = static_cast<std::uint8_t>(value >> 8U);
    }
}

void write_line(std::uint8_t* out, std::uint32_t number) {
    const std::string_view line = lines[number / sources % lines.size()];
    std::fill(std::copy(line.begin(), line.end(), out), out + line_length, '\0');
}

/// The packet of this number; null if there is no memory for it.
packet* arriving(std::uint32_t number) noexcept {
    const auto source = static_cast<std::uint8_t>(number % sources);
    const std::uint8_t length = payload_length(source);
    void* const memory = ::operator new(sizeof(packet) + length, std::nothrow);
    if (memory == nullptr) return nullptr;
    auto* const arrived =
        new (memory) packet{.time_ms = number * 5, .source = source, .length = length};
    auto* const payload = static_cast<std::uint8_t*>(memory) + sizeof(packet);
    if (source == console) {
        write_line(payload, number);
    } else {
        write_samples(payload, source, number);
    }
    payload[length - 1] = crc8({payload, length - 1U});
    if (number % damage_period == damage_period - 1) payload[0] ^= 0x10U;
    return arrived;
}

} // namespace

void sensor_link::tick() noexcept {
    if (freed_ != read_) {
        ::operator delete(ring_[freed_ % window]);
        freed_ = freed_ + 1;
    }
    if (arrived_ == packets_ || full()) return;
    packet* const next = arriving(arrived_);
    if (next == nullptr) return; // it comes again
    ring_[arrived_ % window] = next;
    arrived_ = arrived_ + 1;
}

const packet* sensor_link::receive() const noexcept {
    return read_ == arrived_ ? nullptr : ring_[read_ % window];
}

void sensor_link::give_back() noexcept { read_ = read_ + 1; }
