// SPDX-License-Identifier: MIT
#include "stream/likeness.hpp"

#include <fmt/format.h>

#include <bitset>

namespace drone::stream {

namespace {

constexpr std::size_t least_sample = 16;
constexpr std::uint8_t last_id = 0x6F; // of a TPIU source

class tally : public packet_sink {
public:
    [[nodiscard]] likeness counts() const {
        likeness found{.packets = packets_, .nonsense = nonsense_};
        std::bitset<256> ports;
        for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
            if (kinds_.test(kind)) ports.set(kind / 8);
        found.ports = ports.count();
        return found;
    }

    void on_packet(const located_packet& found) override {
        ++packets_;
        if (is_nonsense(found.value)) ++nonsense_;
        if (const auto* written = std::get_if<software>(&found.value))
            kinds_.set(written->port * 8U + written->size);
        // Of each packet, its offset shows how long the one before it was.
        if (was_sense_) sense_bytes_ += found.offset - offset_;
        offset_ = found.offset;
        was_sense_ = !is_nonsense(found.value);
    }

    [[nodiscard]] bool makes_sense(std::size_t of_bytes, std::size_t least_share) const {
        return sense_bytes_ * least_share >= of_bytes &&
               4 * (4 * nonsense_ + 2 * kinds_.count()) < 3 * packets_;
    }

private:
    static bool is_nonsense(const packet& value) {
        return std::holds_alternative<malformed>(value) || std::holds_alternative<missing>(value) ||
               std::holds_alternative<reserved>(value) ||
               std::holds_alternative<reserved_source>(value) ||
               std::holds_alternative<extension>(value) ||
               std::holds_alternative<stimulus_page>(value);
    }

    std::size_t packets_ = 0;
    std::size_t nonsense_ = 0;
    std::uint64_t sense_bytes_ = 0;
    std::uint64_t offset_ = 0;
    bool was_sense_ = false;
    std::bitset<256 * 8> kinds_;
};

tally count(const format& as, std::span<const std::uint8_t> sample) {
    const auto decoder = make_decoder({.how = as.how, .tpiu_id = as.tpiu_id});
    tally seen;
    decoder->feed(sample, seen);
    decoder->finish(seen);
    return seen;
}

} // namespace

likeness look_at(const format& as, std::span<const std::uint8_t> sample) {
    return count(as, sample).counts();
}

bool makes_sense(const format& as, std::span<const std::uint8_t> sample) {
    if (sample.size() < least_sample) return false;
    const tally seen = count(as, sample);
    // Other sources may fill most of the frames.
    return seen.makes_sense(sample.size(), as.how == framing::tpiu ? 8 : 2);
}

std::optional<format> guess_format(std::span<const std::uint8_t> sample) {
    for (const framing how : {framing::swo, framing::dso})
        if (makes_sense({.how = how}, sample)) return format{.how = how};
    for (std::uint8_t id = 1; id <= last_id; ++id) {
        const format frames{.how = framing::tpiu, .tpiu_id = id};
        if (makes_sense(frames, sample)) return frames;
    }
    return std::nullopt;
}

std::string spelling(const format& what) {
    switch (what.how) {
    case framing::tpiu:
        return fmt::format("tpiu:{}", what.tpiu_id);
    case framing::dso:
        return "dso";
    case framing::swo:
        break;
    }
    return "swo";
}

std::string in_words(const format& what) {
    switch (what.how) {
    case framing::tpiu:
        return fmt::format("TPIU frames with ID {}", what.tpiu_id);
    case framing::dso:
        return "DSO packets";
    case framing::swo:
        break;
    }
    return "bare ITM packets";
}

} // namespace drone::stream
