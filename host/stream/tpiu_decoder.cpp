// SPDX-License-Identifier: MIT
#include "stream/tpiu_decoder.hpp"

#include "stream/tpiu_alignment.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace drone::stream {

namespace {

/// Bytes after which an alignment is looked for, the last time without asking for certainty.
constexpr std::size_t first_window = 64;
constexpr std::size_t last_window = 512;
/// Bytes between looks whether the stream still makes sense. A multiple of the frame.
constexpr std::size_t check_period = 1024;
constexpr std::uint64_t too_odd = 8;

/// Passes packets on and counts those that a misread stream is full of.
class suspicious : public packet_sink {
public:
    suspicious(packet_sink& to, std::uint64_t& bad) : to_(to), bad_(bad) {}

    void on_packet(const located_packet& found) override {
        if (std::holds_alternative<malformed>(found.value) ||
            std::holds_alternative<reserved>(found.value) ||
            std::holds_alternative<reserved_source>(found.value)) {
            ++bad_;
        }
        to_.on_packet(found);
    }
    void on_run(const software_run& run) override { to_.on_run(run); }
    [[nodiscard]] bool wants_writes_alone() const override { return to_.wants_writes_alone(); }
    void on_writes(const write_batch& batch) override { to_.on_writes(batch); }

private:
    packet_sink& to_;
    std::uint64_t& bad_;
};

} // namespace

void tpiu_decoder::feed(std::span<const std::uint8_t> bytes, packet_sink& sink) {
    while (!bytes.empty()) {
        if (!locked_) {
            bytes = seek(bytes, sink);
            continue;
        }
        const std::size_t size = std::min(bytes.size(), until_check_);
        follow(bytes.first(size), sink);
        bytes = bytes.subspan(size);
        until_check_ -= size;
        if (until_check_ == 0) check();
    }
}

void tpiu_decoder::finish(packet_sink& sink) {
    if (!locked_ && !window_.empty()) lock(find_tpiu_alignment(window_, wanted_).offset, sink);
    const std::size_t cut = frames_.finish(data_);
    decode_data(sink);
    packets_.finish(sink);
    if (cut != 0) packets_.lose(cut, sink);
}

void tpiu_decoder::lose(std::uint64_t length, packet_sink& sink) {
    finish(sink);
    packets_.lose(length, sink);
    locked_ = false;
}

/// Gathers bytes until the start of a frame is known; returns what is left of them.
std::span<const std::uint8_t>
tpiu_decoder::seek(std::span<const std::uint8_t> bytes, packet_sink& sink) {
    const std::size_t next_look = std::max(first_window, std::bit_ceil(window_.size() + 1));
    const std::size_t size = std::min(bytes.size(), next_look - window_.size());
    window_.insert(window_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    if (window_.size() == next_look) {
        const tpiu_alignment found = find_tpiu_alignment(window_, wanted_);
        if (found.certain || next_look == last_window) lock(found.offset, sink);
    }
    return bytes.subspan(size);
}

/// Frames begin at `offset` of the window.
void tpiu_decoder::lock(std::size_t offset, packet_sink& sink) {
    const auto frames = std::span<const std::uint8_t>(window_).subspan(offset);
    // With no ID in all of the window, what it holds can only be of the wanted source.
    tpiu_deframer trial(wanted_);
    trial.restart(tpiu_deframer::no_source);
    std::vector<std::uint8_t> ignored;
    for (auto rest = frames; !rest.empty();)
        rest = rest.subspan(trial.feed(rest, ignored).used);
    const bool was_known = frames_.source() != tpiu_deframer::no_source;
    if (offset != 0) packets_.lose(offset, sink);
    frames_.restart(
        trial.saw_id() ? (was_known ? frames_.source() : tpiu_deframer::no_source) : wanted_
    );
    locked_ = true;
    until_check_ = check_period;
    oddities_before_ = frames_.oddities();
    bad_packets_ = 0;
    const std::vector<std::uint8_t> window = std::exchange(window_, {});
    follow(std::span<const std::uint8_t>(window).subspan(offset), sink);
}

void tpiu_decoder::follow(std::span<const std::uint8_t> bytes, packet_sink& sink) {
    while (!bytes.empty()) {
        const auto step = frames_.feed(bytes, data_);
        bytes = bytes.subspan(step.used);
        decode_data(sink);
        if (step.lost != 0) packets_.lose(step.lost, sink);
    }
}

void tpiu_decoder::decode_data(packet_sink& sink) {
    suspicious watched(sink, bad_packets_);
    packets_.feed(data_, watched);
    data_.clear();
}

/// Where too much is odd, the frames are looked for anew. Nothing is lost by looking: when they
/// begin where they were thought to, all of what was gathered is used.
void tpiu_decoder::check() {
    const std::uint64_t odd = frames_.oddities() - oddities_before_ + bad_packets_;
    oddities_before_ = frames_.oddities();
    bad_packets_ = 0;
    until_check_ = check_period;
    if (odd < too_odd) return;
    locked_ = false;
    const auto unfinished = frames_.unfinished();
    window_.assign(unfinished.begin(), unfinished.end());
}

} // namespace drone::stream
