// SPDX-License-Identifier: MIT
#pragma once

#include "trace/findings.hpp"
#include "trace/formats/native/blocks.hpp"
#include "trace/formats/native/certainty.hpp"
#include "trace/formats/native/context_names.hpp"
#include "trace/sink.hpp"

#include <drone/region_code.hpp>
#include <drone/wire.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace drone::trace {

/// What was said of events still to come.
struct prefix {
    std::uint32_t caller = 0;  ///< of the next one
    wire::word alignment = {}; ///< of one of the next ones
    std::uint32_t size = 0;    ///< of the next one, in bytes; 0: it says so itself

    friend bool operator==(const prefix&, const prefix&) = default;
};

/// What the words of a native trace do to the heap: blocks and prefix words, to changes. It gets
/// from outside which stretch is proven, and where something is missing.
class heap_state {
public:
    /// Refers to sink and findings.
    heap_state(sink& to, findings& found) : to_(to), found_(found) {}

    /// The heap that the events to come speak of. The blocks of the one before are given back.
    void use(const traced_heap& heap);
    /// The program that held the blocks is gone.
    void restart();

    /// `is_open`: it has no check, so nothing says that a word is missing in it.
    void begin_stretch(bool proven, bool is_open = false);
    /// Whether a check says that words from here on are lost or damaged.
    void doubt(bool doubted) { doubted_ = doubted; }
    /// Events are missing here, or changed, or may be: what was seen before is not certain, and
    /// what was said of the next event may be a lost one's.
    void break_off();
    /// At the end of the trace.
    void finish();

    /// Events, each a numbered word, as long as each fits what its block did before and nothing was
    /// said of it but who asks; at most `followed_at_once` of them. `callers`: of each word, or none.
    /// Returns how many.
    std::size_t
    follow(std::span<const std::byte> words, std::span<const std::uint32_t> callers = {});
    static constexpr std::size_t followed_at_once = traced_blocks::followed_at_once;
    /// Offsets below this are of blocks.
    [[nodiscard]] std::uint32_t end() const { return blocks_.end(); }

    /// False: a word that cannot be true.
    [[nodiscard]] bool event(wire::word w);

    void caller(std::uint32_t code_address) { prefix_ = {.caller = code_address}; }
    /// Who asks for the next event, and for those after it that say nothing else.
    void stack(std::uint32_t caller);
    /// A word may be missing here that said another stack.
    void forget_stack();
    void size(std::uint32_t bytes) { prefix_.size = bytes; }
    void alignment(wire::word w) { prefix_.alignment = w; }
    /// A context word's data; `proven`: no bit of it is changed. False: a word that cannot be true.
    [[nodiscard]] bool context(std::uint32_t data, bool proven);
    /// What was said of the next event is said again.
    void forget_prefix() {
        prefix_ = {};
        stack_ = 0;
        names_.restart();
    }
    [[nodiscard]] bool has_prefix() const { return stack_ != 0 || prefix_ != prefix{}; }

    /// Whether, since the last time that this was asked, a block was taken that was live, or resized
    /// that was not, where that may be the work of a gap.
    [[nodiscard]] bool take_contradiction() { return std::exchange(contradicted_, false); }

    /// The sink, for what is not a change; all changes so far have reached it.
    [[nodiscard]] sink& now() { return to_.now(); }

private:
    void announce_heap();
    [[nodiscard]] bool allocate(wire::word w, std::uint32_t alignment_log2);
    [[nodiscard]] bool allocate_aligned(wire::word w);
    std::uint32_t take_alignment(wire::word w);
    [[nodiscard]] bool deallocate(wire::word w);
    [[nodiscard]] bool resize(wire::word w);
    void fail(wire::word w);

    [[nodiscard]] bool is_of_region(std::uint32_t data) const {
        return heap_.region.units != 0 && data >= heap_.region.offset;
    }
    [[nodiscard]] block_number region_block(std::uint32_t offset) const {
        return heap_.region.first_block + (offset - heap_.region.offset) / heap_.region.unit;
    }
    [[nodiscard]] bool allocate_in_region(wire::word w, std::uint32_t alignment_log2);
    [[nodiscard]] bool deallocate_in_region(std::uint32_t offset);
    [[nodiscard]] bool resize_in_region(wire::word w);
    [[nodiscard]] std::optional<wire::region_code::place> place_in_region(wire::word w) const;
    void free_overlaps(wire::region_code::place place);
    void free_again(block_number number, std::uint32_t offset);
    [[nodiscard]] std::string describe(std::uint32_t offset) const;

    void contradict(block_state before);
    void take(block_number number, request asked);
    void give_back(block_number number);
    void presume_free(block_number number);
    [[nodiscard]] change make_change(block_number number, request asked, bool gives_back) const {
        return {number, asked.size(), prefix_.caller, asked.alignment_log2(), gives_back, context_};
    }

    batch to_;
    findings& found_;
    traced_heap heap_;
    bool heap_announced_ = true; ///< to the sink
    traced_blocks blocks_;
    certainty certain_;
    prefix prefix_;
    std::uint32_t stack_ = 0; ///< who asks for events that do not say it; only where that is proven
    bool takes_stacks_ = false; ///< those that are said right before an event
    std::uint16_t context_ = no_context;
    context_names names_;
    bool contradicted_ = false;
    bool doubted_ = false;
    std::optional<wire::region_code> code_;         ///< of the region
    std::map<std::uint32_t, std::uint32_t> region_; ///< live blocks of it: first byte to end
    // Room for what follow() makes at a time.
    std::array<block_number, followed_at_once> usual_blocks_{};
    std::array<request, followed_at_once> usual_asked_{};
};

} // namespace drone::trace
