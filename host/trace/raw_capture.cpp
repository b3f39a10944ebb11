// SPDX-License-Identifier: MIT
#include "trace/raw_capture.hpp"

#include "base/bytes.hpp"
#include "stream/likeness.hpp"
#include "trace/formats/native/layout.hpp"

#include <drone/wire.hpp>

#include <algorithm>
#include <array>

namespace drone::trace {

namespace {

constexpr std::size_t looked_at = 1U << 20U;
constexpr std::size_t word_bytes = 4;
constexpr unsigned port_count = 32;

/// The port whose words announce a heap.
class announcing_port final : public stream::packet_sink {
public:
    void on_packet(const stream::located_packet& found) override {
        const auto* const written = std::get_if<stream::software>(&found.value);
        if (written == nullptr || written->size != word_bytes || written->port >= port_count)
            return;
        const wire::word word{written->value};
        if (!port && word.op() == wire::operation::control && ports_[written->port].feed(word))
            port = written->port;
    }
    std::optional<unsigned> port;

private:
    std::array<announcement_parser, port_count> ports_;
};

std::span<const std::uint8_t> beginning(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), std::min(bytes.size(), looked_at)};
}

std::optional<unsigned>
find_announcing_port(std::span<const std::byte> bytes, const stream::format& format) {
    announcing_port found;
    const auto decoder = stream::make_decoder(format);
    decoder->feed(beginning(bytes), found);
    decoder->finish(found);
    return found.port;
}

/// Whether packets of one header and a word each, with anything in between, announce a heap. In a
/// file of words, no byte before each word of an announcement can be such a header.
bool may_announce_in_packets(std::span<const std::byte> bytes) {
    struct port {
        announcement_parser parser;
        std::size_t end = 0; ///< of its last packet
    };
    std::array<port, port_count> ports;
    const std::size_t last = std::min(bytes.size(), looked_at);
    for (std::size_t at = 0; at + word_bytes < last; ++at) {
        const auto header = std::to_integer<unsigned>(bytes[at]);
        if ((header & 7U) != 3) continue; // not of a word
        port& of = ports[header >> 3U];
        if (at < of.end) continue;
        of.end = at + 1 + word_bytes;
        const wire::word word{base::load_le<std::uint32_t>(&bytes[at + 1])};
        if (word.op() == wire::operation::control && of.parser.feed(word)) return true;
    }
    return false;
}

} // namespace

std::optional<raw_capture> find_raw_capture(std::span<const std::byte> bytes) {
    if (!may_announce_in_packets(bytes)) return std::nullopt;
    // Of a packet of Drone Serial Output the second byte looks like the header of another.
    for (const stream::framing how : {stream::framing::dso, stream::framing::swo}) {
        const stream::format format{.how = how};
        if (const auto port = find_announcing_port(bytes, format))
            return raw_capture{.format = format, .port = port};
    }
    return std::nullopt;
}

std::optional<raw_capture> guess_raw_capture(std::span<const std::byte> bytes) {
    constexpr std::size_t sample_bytes = 4096;
    const auto format =
        stream::guess_format(beginning(bytes).first(std::min(bytes.size(), sample_bytes)));
    if (!format) return std::nullopt;
    return raw_capture{.format = *format, .port = find_announcing_port(bytes, *format)};
}

} // namespace drone::trace
