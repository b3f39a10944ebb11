// SPDX-License-Identifier: MIT
#include "stream/tpiu_alignment.hpp"

#include "stream/itm_decoder.hpp"
#include "stream/tpiu_deframer.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <vector>

namespace drone::stream {

namespace {

/// How little sense packets make: a stream of noise has damage, reserved headers and many kinds of
/// packets, a real one has few.
class nonsense : public packet_sink {
public:
    void on_packet(const located_packet& found) override {
        const bool bad = std::holds_alternative<malformed>(found.value) ||
                         std::holds_alternative<reserved>(found.value) ||
                         std::holds_alternative<reserved_source>(found.value) ||
                         std::holds_alternative<extension>(found.value);
        if (bad) ++bad_;
        if (const auto* written = std::get_if<software>(&found.value))
            kinds_.set(written->port * 8U + written->size);
    }

    [[nodiscard]] std::size_t points() const { return 4 * bad_ + 2 * kinds_.count(); }

private:
    std::size_t bad_ = 0;
    std::bitset<256 * 8> kinds_;
};

/// Fewer are better.
std::size_t penalty(std::span<const std::uint8_t> window, std::size_t offset, std::uint8_t wanted) {
    tpiu_deframer deframer(wanted);
    deframer.restart(wanted);
    std::vector<std::uint8_t> data;
    std::size_t lost = 0;
    for (auto rest = window.subspan(offset); !rest.empty();) {
        const auto step = deframer.feed(rest, data);
        rest = rest.subspan(step.used);
        lost += step.lost;
    }
    nonsense packets;
    itm_decoder decoder;
    decoder.feed(data, packets);
    // Without a byte of the wanted source nothing speaks for the place.
    const std::size_t silent = data.empty() ? 16 : 0;
    return 8 * deframer.oddities() + packets.points() + silent + lost;
}

} // namespace

tpiu_alignment find_tpiu_alignment(std::span<const std::uint8_t> window, std::uint8_t wanted) {
    std::size_t best = std::numeric_limits<std::size_t>::max();
    std::size_t second = best;
    tpiu_alignment answer;
    const std::size_t places = std::min(window.size(), tpiu_deframer::frame_size);
    for (std::size_t offset = 0; offset < places; ++offset) {
        const std::size_t points = penalty(window, offset, wanted);
        if (points < best) {
            second = best;
            best = points;
            answer.offset = offset;
        } else {
            second = std::min(second, points);
        }
    }
    answer.certain = second >= 2 * best + 16;
    return answer;
}

} // namespace drone::stream
