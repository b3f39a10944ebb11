// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output_sink.hpp"
#include "stream/packet.hpp"

#include <drone/wire.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drone::capture {

/// The file of a heap-trace port. It holds the port's payload bytes exactly, until the port carries
/// a native trace; from there on it holds that trace's words, with words of the capture between
/// them (drone/wire.hpp, operation::capture): time, and gaps.
///
/// The rule by which a native trace is known: a word of four bytes that is a plausible `begin`
/// (version 1: at least one pool, an alignment of 4 bytes to 32 KiB; version 2 to 15: an alignment of
/// at most 4 KiB). The target repeats its announcement, so a capture that starts late sees one, too.
/// What came before stays as it is. The traces of Drone 0.14 have no such word: their top byte, an operation XOR 0xC5, is one of
/// 04 06 07 14 17 64 67 74 76 77, never the A0 of `begin`.
///
/// A capture that starts inside a packet may read a stimulus page that nobody set, and pages stay.
/// So a `begin` on this port of another page, while no synchronisation vouches for the page, makes
/// that one count as the port too.
///
/// In a native trace, a payload of another size than four is damage and becomes a gap. Time is the
/// target's where the stream has local timestamps, else the host's at arrival if the source is
/// live. A time word comes before the words that it dates. A loss between two words of the port
/// comes before the second. If it is an overflow of the target, another port may have lost.
///
/// If the port is silent during a capture, the file of an earlier capture stays as it was.
class heap_trace_writer : public output_sink {
public:
    heap_trace_writer(std::uint8_t port, output to)
        : output_sink(std::move(to)), port_(port), port_of_page_(port) {}

    void on_packet(const stream::located_packet& found) override;
    void on_run(const stream::software_run& run) override;
    void on_writes(const stream::write_batch& batch) override;
    [[nodiscard]] bool wants_time() const override { return true; }
    void arrived(std::uint64_t microseconds) override { host_now_ = microseconds; }
    /// Writes what was lost after the last word.
    void finish() override;
    [[nodiscard]] std::vector<std::string> remarks() const override;

private:
    /// What was lost since the last word of the port.
    struct losses {
        bool any = false;
        bool overflow = false;
        std::uint64_t malformed = 0; ///< bytes
        bool transport = false;
        std::uint64_t missing = 0; ///< bytes
    };

    std::size_t plain_words(
        const stream::write_batch& batch, std::span<const stream::write_batch::write> writes
    );
    [[nodiscard]] bool is_ours(const stream::software& written, bool tentative);
    void payload(const stream::software& written, stream::moment time);
    void become_native();
    void write_losses();
    void write_time(stream::moment time);
    void write_time_passed(wire::capture clock, std::uint64_t passed);
    void write(wire::word word) { to_.append_number(word.bits, sizeof word.bits); }

    std::uint8_t port_;
    std::uint8_t port_of_page_; ///< the port under a page that nobody set
    bool native_ = false;
    losses lost_;
    std::uint64_t target_last_ = 0;
    bool target_times_ = false;
    std::optional<std::uint64_t> host_now_;
    std::uint64_t host_last_ = 0;
};

} // namespace drone::capture
