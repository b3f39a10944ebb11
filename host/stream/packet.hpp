// SPDX-License-Identifier: MIT
#pragma once

// What a Cortex-M trace port says, one value a packet: the sum type that every decoder makes and
// everything above consumes. The names are those of the ARMv7-M manual (DDI 0403, appendix D4) and
// of the ARMv8-M manual (DDI 0553, appendix F).
//
// A packet that breaks the grammar is a value too (`malformed`) and carries its bytes: nothing of
// the input is ever dropped without a packet that says so.

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace drone::stream {

// -- Protocol packets (D4.2)
// --------------------------------------------------------------------------------

/// D4.2.1. At least 47 zero bits, then a one.
struct synchronisation {
    std::uint64_t length = 0; ///< bytes, 6 or more
    friend bool operator==(const synchronisation&, const synchronisation&) = default;
};

/// D4.2.3. A stimulus write, a DWT packet or a timestamp was lost in the target: it does not say
/// which.
struct overflow {
    friend bool operator==(const overflow&, const overflow&) = default;
};

/// How a local timestamp relates to the packets before it; the value is the TC field.
enum class timestamp_relation : std::uint8_t {
    exact = 0,
    timestamp_delayed = 1,
    packet_delayed = 2,
    both_delayed = 3,
};

/// D4.2.4. Ticks since the local timestamp before this one; it times the packets before it.
struct local_timestamp {
    std::uint32_t ticks = 0; ///< 28 bits
    timestamp_relation relation = timestamp_relation::exact;
    bool one_byte = false; ///< format 2, where the ticks (1..6) are in the header
    friend bool operator==(const local_timestamp&, const local_timestamp&) = default;
};

/// D4.2.5, format 1: the low bits of the global timestamp; a short form replaces only the bits it
/// has.
struct global_timestamp_low {
    std::uint32_t ticks = 0;    ///< bits 25..0, the low 7 * size of them valid
    std::uint8_t size = 4;      ///< payload bytes, 1..4
    bool wrapped = false;       ///< the high bits changed since the last format 2 packet
    bool clock_changed = false; ///< the clock of the timestamps changed
    friend bool operator==(const global_timestamp_low&, const global_timestamp_low&) = default;
};

/// D4.2.5, format 2: bits 47..26 (4 bytes) or 63..26 (6 bytes) of the global timestamp.
struct global_timestamp_high {
    std::uint64_t ticks = 0; ///< shifted right by 26
    std::uint8_t size = 4;   ///< payload bytes, 4 or 6
    friend bool operator==(const global_timestamp_high&, const global_timestamp_high&) = default;
};

/// D4.2.6. Software packets from here on are of this page: port = page * 32 + address.
struct stimulus_page {
    std::uint8_t page = 0; ///< 0..7
    friend bool operator==(const stimulus_page&, const stimulus_page&) = default;
};

/// D4.2.6. Any other extension; the manual gives it no meaning.
struct extension {
    std::uint32_t value =
        0;                 ///< 3 bits of the header, then 7 (the last byte 8) of each payload byte
    std::uint8_t size = 0; ///< payload bytes, 0..4
    bool hardware = false; ///< the SH bit
    friend bool operator==(const extension&, const extension&) = default;
};

/// A header that the manual reserves. It has no payload here.
struct reserved {
    std::uint8_t header = 0;
    friend bool operator==(const reserved&, const reserved&) = default;
};

// -- Source packets (D4.3)
// ----------------------------------------------------------------------------------

/// D4.3.1. A write to a stimulus port.
struct software {
    std::uint8_t port = 0; ///< page * 32 + address
    std::uint8_t size = 4; ///< bytes: 1, 2 or 4; of DSO 1 to 4
    std::uint32_t value = 0;
    friend bool operator==(const software&, const software&) = default;
};

/// D4.3.2, discriminator 0. Counters that wrapped.
struct event_counters {
    std::uint8_t bits = 0; ///< cpi, exc, sleep, lsu, fold, cyc from bit 0
    friend bool operator==(const event_counters&, const event_counters&) = default;
};

/// What happened to an exception.
enum class exception_action : std::uint8_t { enter = 1, exit = 2, resume = 3 };

/// D4.3.2, discriminator 1.
struct exception_trace {
    std::uint16_t number = 0; ///< 9 bits
    exception_action action = exception_action::enter;
    friend bool operator==(const exception_trace&, const exception_trace&) = default;
};

/// D4.3.2, discriminator 2.
struct pc_sample {
    std::uint32_t pc = 0;
    friend bool operator==(const pc_sample&, const pc_sample&) = default;
};

/// D4.3.2, discriminator 2 with one byte: no program counter to sample.
struct pc_sample_idle {
    bool prohibited = false; ///< else the core slept
    friend bool operator==(const pc_sample_idle&, const pc_sample_idle&) = default;
};

/// ARMv8.1-M, discriminator 3. Counters of the performance monitor that overflowed.
struct pmu_overflow {
    std::uint8_t counters = 0;
    friend bool operator==(const pmu_overflow&, const pmu_overflow&) = default;
};

/// D4.3.2, discriminators 01cc0. The instruction that matched comparator `comparator`.
struct data_pc {
    std::uint8_t comparator = 0;
    std::uint8_t size = 4; ///< bytes; ARMv7-M has 4 only, ARMv8-M 2 and 4
    std::uint32_t value = 0;
    friend bool operator==(const data_pc&, const data_pc&) = default;
};

/// ARMv8-M, the one-byte form of 01cc0: comparator `comparator` matched.
struct data_match {
    std::uint8_t comparator = 0;
    std::uint8_t value = 0;
    friend bool operator==(const data_match&, const data_match&) = default;
};

/// D4.3.2, discriminators 01cc1. Low bits of the address that matched.
struct data_address {
    std::uint8_t comparator = 0;
    std::uint8_t size = 2; ///< bytes; ARMv7-M has 2 only
    std::uint32_t value = 0;
    friend bool operator==(const data_address&, const data_address&) = default;
};

/// D4.3.2, discriminators 10ccW. The value read or written.
struct data_value {
    std::uint8_t comparator = 0;
    bool written = false;
    std::uint8_t size = 4; ///< bytes: 1, 2 or 4
    std::uint32_t value = 0;
    friend bool operator==(const data_value&, const data_value&) = default;
};

/// A hardware source packet whose discriminator and size have no meaning.
struct reserved_source {
    std::uint8_t discriminator = 0;
    std::uint8_t size = 4; ///< bytes: 1, 2 or 4
    std::uint32_t value = 0;
    friend bool operator==(const reserved_source&, const reserved_source&) = default;
};

// -- What is not a packet
// --------------------------------------------------------------------------------------

/// Why bytes are not a packet.
enum class defect : std::uint8_t {
    stray_zeros, ///< zero bytes that end in no synchronisation
    cut_by_sync, ///< a synchronisation begins inside the payload: bytes before it were lost
    overlong,    ///< the continuation bit is set in the last byte that the packet may have
    bad_length,  ///< a global timestamp 2 of neither 4 nor 6 bytes
    truncated,   ///< the input, or what reached us of it, ended inside the packet
    unframed,    ///< DSO: a byte that begins no packet
};

/// Bytes that are not a packet.
struct malformed {
    defect what = defect::stray_zeros;
    std::uint64_t length = 0;            ///< bytes
    std::array<std::uint8_t, 8> bytes{}; ///< the first eight of them
    [[nodiscard]] std::span<const std::uint8_t> carried() const {
        return {
            bytes.data(), length < bytes.size() ? static_cast<std::size_t>(length) : bytes.size()
        };
    }
    friend bool operator==(const malformed&, const malformed&) = default;
};

/// Bytes before the first synchronisation, if the decoder waits for one.
struct unsynchronised {
    std::uint64_t length = 0; ///< bytes
    friend bool operator==(const unsynchronised&, const unsynchronised&) = default;
};

/// Bytes that a stage below lost or could not use; the packet that they cut is lost with them.
struct missing {
    std::uint64_t length = 0; ///< bytes; 0: not known
    friend bool operator==(const missing&, const missing&) = default;
};

using packet = std::variant<
    synchronisation,
    overflow,
    local_timestamp,
    global_timestamp_low,
    global_timestamp_high,
    stimulus_page,
    extension,
    reserved,
    software,
    event_counters,
    exception_trace,
    pc_sample,
    pc_sample_idle,
    pmu_overflow,
    data_pc,
    data_match,
    data_address,
    data_value,
    reserved_source,
    malformed,
    unsynchronised,
    missing>;

/// Ticks of the target's trace clock, counted from the start of the capture. None: no timestamp
/// came yet.
using moment = std::optional<std::uint64_t>;

/// A packet, where it was in the stream, and when it happened.
struct located_packet {
    std::uint64_t offset = 0; ///< of its first byte, in the bytes that the decoder was fed
    bool tentative = true; ///< no synchronisation vouches for it since the start or the last damage
    packet value;
    moment time{}; ///< where a timeline (timeline.hpp) added it
    friend bool operator==(const located_packet&, const located_packet&) = default;
};

/// Software packets of one port and size, back to back: what a heap trace or text is made of.
struct software_run {
    std::uint64_t offset = 0; ///< of the first header
    bool tentative = true;
    std::uint8_t port = 0;
    std::uint8_t size = 4;                 ///< payload bytes of each packet
    std::span<const std::uint8_t> packets; ///< each a header and the payload
    moment time{};                         ///< as of a located_packet

    /// From one packet to the next.
    [[nodiscard]] std::size_t stride() const { return std::size_t{size} + 1; }
    [[nodiscard]] std::size_t count() const { return packets.size() / stride(); }
    [[nodiscard]] const std::uint8_t* payload(std::size_t index) const {
        return packets.data() + index * stride() + 1;
    }
    [[nodiscard]] std::uint32_t value(std::size_t index) const {
        return static_cast<std::uint32_t>(base::load_le(std::span(payload(index), size)));
    }
    [[nodiscard]] located_packet packet_at(std::size_t index) const {
        const software written{.port = port, .size = size, .value = value(index)};
        return {
            .offset = offset + index * stride(),
            .tentative = tentative,
            .value = written,
            .time = time,
        };
    }
};

/// Writes to stimulus ports out of packets of several kinds, in order and without their offsets.
struct write_batch {
    struct write {
        std::uint64_t ticks = 0; ///< its time, from `base`
        std::uint32_t value = 0;
        std::uint8_t port = 0;
        std::uint8_t size = 4;

        [[nodiscard]] software packet() const {
            return {.port = port, .size = size, .value = value};
        }
    };

    std::span<const write> writes{};
    bool tentative = true;
    bool timed = false;     ///< `ticks` and `base` mean something
    std::uint64_t base = 0; ///< ticks of the trace clock

    // What a timeline needs to know of the packets that the writes came with.
    std::size_t packets = 0;       ///< all of them
    std::size_t waiting = 0;       ///< writes at the end that no timestamp followed
    std::uint64_t first_ticks = 0; ///< of the first timestamp
    std::uint64_t passed = 0;      ///< ticks of all of them

    [[nodiscard]] moment time(const write& of) const {
        return timed ? moment(base + of.ticks) : std::nullopt;
    }
};

/// Takes what a decoder or a timeline finds, in the order of the input.
///
/// There are shorter ways to hand many packets on at once. Unless it overrides them, a sink sees
/// each packet by on_packet. How packets are put together depends on how the input was split.
class packet_sink {
public:
    virtual ~packet_sink() = default;
    virtual void on_packet(const located_packet& found) = 0;
    virtual void on_run(const software_run& run) {
        for (std::size_t i = 0; i < run.count(); ++i)
            on_packet(run.packet_at(i));
    }
    /// Whether, of undamaged packets, those that write to stimulus ports are enough. Then the others
    /// may be left out, and on_writes is called.
    [[nodiscard]] virtual bool wants_writes_alone() const { return false; }
    virtual void on_writes(const write_batch& batch) {
        for (const write_batch::write& one : batch.writes)
            on_packet({.tentative = batch.tentative, .value = one.packet(), .time = batch.time(one)}
            );
    }

protected:
    packet_sink() = default;
    packet_sink(const packet_sink&) = default;
    packet_sink& operator=(const packet_sink&) = default;
};

} // namespace drone::stream
