// SPDX-License-Identifier: MIT
#pragma once

// The native reader: where it stands in the trace, what it knows of numbers, certainty and blocks.
// Private; native.hpp says what it guarantees.
//
//     native.cpp          reads words: the usual ones many at a time, the others one by one
//     native_events.cpp   what events do to the heap's blocks
//     native_numbers.cpp  numbers, checkpoints, digests: what is lost, damaged, certain

#include "trace/findings.hpp"
#include "trace/formats/native/blocks.hpp"
#include "trace/formats/native/certainty.hpp"
#include "trace/formats/native/layout.hpp"
#include "trace/sink.hpp"

#include <drone/wire.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace drone::trace {

/// What was said of events still to come.
struct prefix {
    std::uint32_t caller = 0;  ///< of the next one
    wire::word alignment = {}; ///< of one of the next ones

    friend bool operator==(const prefix&, const prefix&) = default;
};

class native_reader {
public:
    /// Refers to bytes and sink.
    native_reader(std::span<const std::byte> bytes, const announced_trace& first, sink& to)
        : bytes_(bytes), to_(to), flags_(first.flags) {
        use_heap(first.heap);
    }

    findings read(const std::function<void(std::size_t)>& passed);

private:
    bool read_usual();
    void read_unusual(wire::word w);

    void event(wire::word w);
    bool settle_number(wire::word w);
    bool skip_repetition(std::uint32_t ahead);
    bool realign();
    void allocate(wire::word w, std::uint32_t alignment_log2);
    void allocate_aligned(wire::word w);
    void deallocate(wire::word w);
    void resize(wire::word w);
    void fail(wire::word w);

    void control(wire::word w);
    void announcement(wire::word w);
    void checkpoint(std::uint32_t count);
    void digest(wire::word w);
    void capture(wire::word w);
    [[nodiscard]] bool stands_before_a_checkpoint() const;
    void check_agreed();

    void damaged();
    void damaged_event();
    void lose(std::uint64_t events);
    void find(std::uint64_t events);
    void break_off();
    void note_gap();
    void doubt();
    void restart(std::uint32_t count);

    void use_heap(traced_heap heap);
    void empty_heap();
    void take(std::uint32_t block, request asked);
    void give_back(std::uint32_t block);
    void presume_free(std::uint32_t block);
    void finish();

    /// Whether numbers jump because the target drops events, and a jump says nothing else.
    [[nodiscard]] bool drops() const { return (flags_ & wire::flag_drops) != 0; }
    [[nodiscard]] std::uint32_t next() const {
        return static_cast<std::uint32_t>(numbered_ % wire::sequence_period);
    }
    [[nodiscard]] change make_change(std::uint32_t block, request asked, bool gives_back) const {
        return {block, asked.size(), prefix_.caller, asked.alignment_log2(), gives_back, context_};
    }

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    batch to_;
    findings found_;

    std::uint32_t flags_;
    traced_heap heap_;
    announcement_parser announcements_;
    traced_blocks blocks_;
    std::array<brief_change, 256> usual_{}; ///< room for what read_usual() makes at a time

    // Numbers.
    std::uint64_t numbered_ = 0; ///< events that passed, lost ones included: the next one's number
    bool started_ = false;       ///< a number was seen
    bool counted_ = false;       ///< numbered_ is the target's own count, modulo 2^24
    bool starts_anew_ = false;   ///< as the last announcement said
    std::uint64_t disagreement_ = 0; ///< of the last checkpoint, until the next one confirms it
    std::uint32_t digest_ = 0;       ///< of the events since the last digest word
    bool digest_whole_ = true;       ///< nothing is missing in it

    // Certainty.
    certainty certain_;
    std::uint64_t broken_at_ = UINT64_MAX;   ///< after so many events, last
    std::uint64_t pending_double_frees_ = 0; ///< of this stretch
    /// Of this stretch: blocks that were taken while they were live, or resized while they were
    /// not.
    std::uint64_t pending_contradictions_ = 0;

    prefix prefix_; ///< of the next event, or the one in hand
    std::uint16_t context_ = no_context;
};

} // namespace drone::trace
