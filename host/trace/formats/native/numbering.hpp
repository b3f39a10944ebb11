// SPDX-License-Identifier: MIT
#pragma once

#include "trace/findings.hpp"
#include "trace/formats/native/checks.hpp"
#include "trace/formats/native/heap_state.hpp"

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace drone::trace {

/// What the numbers of a native trace's events show: how many are missing and where, and which
/// words are repeated or not the target's. In a proven stretch the checkpoint gives the number of
/// every event. Elsewhere the numbers of the events around a word show it most of the time.
class numbering {
public:
    /// What is to be done with a word.
    enum class verdict : std::uint8_t {
        read,
        leave_out, ///< it is not the target's, or is there twice
        realigned, ///< words lie at other places from `at` on
    };

    /// Refers to all three.
    numbering(std::span<const std::byte> bytes, heap_state& heap, findings& found)
        : bytes_(bytes), heap_(heap), found_(found) {}

    /// Events numbered so far, lost ones included; nothing as long as only their number modulo 32 is
    /// known.
    [[nodiscard]] std::optional<std::uint64_t> numbered() const {
        return counted_ ? std::optional(numbered_) : std::nullopt;
    }
    /// Number that the next event should have.
    [[nodiscard]] std::uint32_t next() const {
        return static_cast<std::uint32_t>(numbered_ % wire::sequence_period);
    }
    [[nodiscard]] bool started() const { return started_; }
    /// Whether something was found to be missing or damaged since the last time that this was asked.
    [[nodiscard]] bool take_break() { return std::exchange(broke_, false); }
    /// Whether the last checkpoint said another count, which the next one may confirm.
    [[nodiscard]] bool disagrees() const { return disagreement_ != 0; }

    /// Whether the numbers of a stretch and its checkpoint show that no event is missing.
    [[nodiscard]] bool vouch_for(const stretch& s) const;

    /// Whether the checkpoint of a stretch says that it begins before the last one ended.
    [[nodiscard]] bool goes_back(const stretch& s) const;
    /// A stretch begins. False: the count went back, so the target started anew, or a probe sent
    /// words again that the trace does not hold.
    [[nodiscard]] bool begin_stretch(const stretch& s, const announced_trace& known);
    void end_stretch(const stretch& s);

    /// The target started again, or ran for a while with nobody listening; `count` events were
    /// numbered since.
    void restart(std::uint32_t count);

    /// An event: makes its number the next one. `at` is its byte offset, which may move on.
    [[nodiscard]] verdict settle(wire::word w, std::size_t& at);
    /// Events were read.
    void pass(std::uint64_t events) { numbered_ += events; }
    /// False as begin_stretch().
    [[nodiscard]] bool checkpoint(std::uint32_t count, std::size_t at);

    /// A word that cannot be true.
    void damaged();
    /// `events` numbered events are missing here; 0: how many is not known, if any.
    void lose(std::uint64_t events);
    /// Events are missing or may be, `events` for certain. What the host, the numbers and the blocks
    /// show of one place is one gap.
    void note_gap(std::uint64_t events = 0);
    void finish();

private:
    [[nodiscard]] bool skip_repetition(std::uint32_t ahead, std::size_t& at);
    [[nodiscard]] std::size_t end_of_copy(std::size_t earlier, std::size_t at) const;
    [[nodiscard]] bool realign(std::size_t& at);
    [[nodiscard]] bool settle_start(std::uint32_t start);
    void find(std::uint64_t events);
    void break_off(std::uint64_t events = 0);

    std::span<const std::byte> bytes_;
    heap_state& heap_;
    findings& found_;

    std::uint64_t numbered_ = 0; ///< events that passed, lost ones included: the next one's number
    bool started_ = false;       ///< a number was seen
    bool counted_ = false;       ///< numbered_ is the target's own count, modulo 2^24
    bool drops_ = false;         ///< the target drops events
    bool proven_ = false;        ///< the stretch in hand
    bool broken_ = false;        ///< so is the stretch in hand, visibly
    bool broke_ = false;         ///< the same, for take_break()
    std::optional<std::uint64_t>
        surplus_;                    ///< events that the stretch in hand has too many, if known
    std::uint64_t disagreement_ = 0; ///< of the last checkpoint, until the next one confirms it
    std::uint64_t broken_at_ = UINT64_MAX; ///< after so many events, last

    /// The end of the last proven stretch.
    struct anchor {
        std::uint64_t numbered = 0;
        std::uint64_t read = 0; ///< events
        std::uint64_t lost = 0; ///< events
    };
    anchor last_proven_;
};

} // namespace drone::trace
