// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::stream {

/// TPIU frames (ARM IHI 0029, CoreSight architecture, D4.2; ARMv7-M C1.10 refers to it): 16 bytes
/// that carry bytes of several trace sources, each with an ID. From a known start of a frame on,
/// gives the bytes of one source; frame synchronisations that say otherwise are followed.
///
///     byte   0   1   2   3  ...  13  14  15
///           d/I  d  d/I  d        d  d/I  flags      d: data, d/I: data or an ID by its bit 0
///
/// Bit k of the flags belongs to byte 2k: of data it is bit 0; of an ID it says when the change
/// happens, 0 at once, 1 after the byte that follows. Incremental, pure.
class tpiu_deframer {
public:
    static constexpr std::size_t frame_size = 16;
    static constexpr std::uint8_t no_source = 0x80; ///< no ID was seen yet

    explicit tpiu_deframer(std::uint8_t wanted) : wanted_(wanted) {}

    struct step {
        std::size_t used = 0; ///< of the bytes fed; fewer than all when something was lost
        std::size_t lost = 0; ///< bytes of a frame that a synchronisation cut, just before the rest
    };

    /// Appends to `out` what the wanted source sent. Stops after a loss.
    step feed(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);

    /// The next byte begins a frame, and data is of source `id` until an ID says otherwise.
    void restart(std::uint8_t id);
    /// The input ended. Returns how many bytes of an unfinished frame were dropped.
    std::size_t finish(std::vector<std::uint8_t>& out);

    /// Bytes of a frame that is not whole yet.
    [[nodiscard]] std::span<const std::uint8_t> unfinished() const {
        return {frame_.data(), size_};
    }
    /// The source of the next data byte.
    [[nodiscard]] std::uint8_t source() const { return source_; }
    /// How often something was seen that a well-aligned stream rarely has: reserved IDs, new ones.
    [[nodiscard]] unsigned oddities() const { return oddities_; }
    /// Whether any ID was seen since restart().
    [[nodiscard]] bool saw_id() const { return saw_id_; }

private:
    [[nodiscard]] std::size_t
    whole_frames(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);
    [[nodiscard]] std::size_t one_byte(std::uint8_t byte, std::vector<std::uint8_t>& out);
    [[nodiscard]] std::uint8_t* frame(const std::uint8_t* bytes, std::uint8_t* to);
    [[nodiscard]] bool may_be_cut() const;
    void end_frame(std::vector<std::uint8_t>& out);
    void change_source(std::uint8_t id);

    std::uint8_t wanted_;
    std::uint8_t source_ = no_source;
    bool saw_id_ = false;
    unsigned oddities_ = 0;
    std::array<bool, 128> known_{};
    std::array<std::uint8_t, frame_size + 3> frame_{}; ///< and what may be a synchronisation
    std::size_t size_ = 0;                             ///< of frame_
    std::uint32_t recent_ = 0;                         ///< the last four bytes, the latest lowest
};

} // namespace drone::stream
