// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::board {

/// The Trace Port Interface Unit and the SWO pin after it (ARMv7-M C1.10, CoreSight TPIU-Lite). It
/// accepts the trace byte by byte, with or without its 16-byte frames, and says how long the pin is
/// busy. Only the UART encoding (SPPR = 2) drives the pin; with the others the bytes go nowhere.
///
/// Some chips have a block for SWO alone in its place: the same registers, without the formatter.
class tpiu {
public:
    explicit tpiu(bool is_swo_alone = false) : is_swo_alone_(is_swo_alone) {}

    static constexpr std::uint32_t uart = 2;

    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);

    /// Cycles for which one trace byte keeps the pin busy: 10 bits on a UART, and the frame's
    /// share.
    [[nodiscard]] std::uint64_t cycles_per_byte() const;

    /// Whether the chip leads the trace to its pin; while it does not, the bytes go nowhere.
    void connect(bool connected) { connected_ = connected; }
    /// Clocks of the trace port, of which the core has `cycles_per_clock`.
    [[nodiscard]] std::uint32_t clocks_per_bit() const { return prescaler_ + 1; }
    void set_cycles_per_clock(std::uint32_t cycles) { cycles_per_clock_ = cycles; }

    /// One byte of the source `id` leaves on the pin; with frames it leaves when its frame is full.
    void transmit(std::uint8_t byte, std::uint8_t id);
    /// Sends the frame that is being filled, padded.
    void flush();

    /// What the pin has sent and nobody has taken yet.
    [[nodiscard]] std::vector<std::uint8_t>& sent() { return sent_; }

private:
    static constexpr std::size_t frame_data_bytes =
        14; ///< one ID byte and one of flags beside them

    [[nodiscard]] bool framed() const { return !is_swo_alone_ && (formatter_ & 1U << 1U) != 0; }
    void send_frame();

    bool is_swo_alone_ = false;
    std::uint32_t cycles_per_clock_ = 1;
    std::uint32_t prescaler_ = 0;     // ACPR: clocks a bit, less one
    std::uint32_t protocol_ = 1;      // SPPR: Manchester after reset
    std::uint32_t formatter_ = 0x102; // FFCR: TrigIn, EnFCont
    bool connected_ = true;
    std::uint8_t frame_id_ = 0;
    std::vector<std::uint8_t> frame_; // data bytes of the frame that is being filled
    std::vector<std::uint8_t> sent_;
};

} // namespace drone::board
