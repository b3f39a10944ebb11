// SPDX-License-Identifier: MIT
#pragma once

#include "trace/block_number.hpp"
#include "trace/request.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

namespace drone::trace {

/// The context of a change whose trace does not record it.
inline constexpr std::uint16_t no_context = UINT16_MAX;

/// The alignment of a change in a trace that does not say it.
inline constexpr std::uint8_t alignment_not_told = 0;

/// Set in a caller that is a whole stack: the other bits are its place in findings::stacks.
inline constexpr std::uint32_t stack_bit = 1U << 31U;
[[nodiscard]] constexpr bool is_stack(std::uint32_t caller) { return (caller & stack_bit) != 0; }

/// A block is taken, or given back.
struct change {
    block_number block = no_block;
    std::uint32_t size = 0;   ///< bytes asked for
    std::uint32_t caller = 0; ///< who asked, see findings::callers and stack_bit; 0: not known
    std::uint8_t alignment_log2 = alignment_not_told; ///< of the alignment asked for
    bool gives_back = false;
    std::uint16_t context = no_context; ///< thread or exception, see wire.hpp
};

/// Blocks that are taken or given back, one after the other, in one context. The spans have one
/// length.
struct brief_changes {
    std::span<const block_number> blocks{};
    std::span<const request> asked{};         ///< when the block was taken; says if this takes it
    std::span<const std::uint32_t> callers{}; ///< who asks; empty: the trace does not say it
    std::uint16_t context = no_context;

    [[nodiscard]] std::size_t size() const { return asked.size(); }
    [[nodiscard]] change operator[](std::size_t i) const {
        return {
            .block = blocks[i],
            .size = asked[i].size(),
            .caller = callers.empty() ? 0 : callers[i],
            .alignment_log2 = asked[i].alignment_log2(),
            .gives_back = asked[i].is_taken() == 0,
            .context = context,
        };
    }
};

/// A request that the traced heap could not serve.
struct failure {
    std::uint32_t size = 0; ///< bytes asked for
    std::uint32_t caller = 0;
    std::uint8_t alignment_log2 = alignment_not_told; ///< of the alignment asked for
    bool at_least = false; ///< more may have been asked for: the trace has no room for the number
    std::uint16_t context = no_context;
};

/// What the trace says of a resize.
enum class resizing : std::uint8_t {
    in_place, ///< the block kept its place
    copied,   ///< both were live for a moment: the block as it was, and as it is
};

/// Whose clock counted the times of a trace.
enum class clock : std::uint8_t {
    none,
    target_ticks,
    microseconds,
};

/// A pool of the traced heap; its blocks are numbered from `first_block`, ascending.
struct traced_pool {
    std::uint32_t block_size = 0; ///< bytes
    std::uint32_t capacity = 0;
    std::uint32_t alignment = 0;
    std::uint32_t offset = 0; ///< of the first block in the heap
    block_number first_block{};

    [[nodiscard]] constexpr bool holds(block_number n) const { return n - first_block < capacity; }
    /// Of a block that it holds, in the heap.
    [[nodiscard]] constexpr std::uint32_t offset_of(block_number n) const {
        return offset + (n - first_block) * block_size;
    }

    friend bool operator==(const traced_pool&, const traced_pool&) = default;
};

/// Index of the pool that holds the block; pools.size(): none does. Requires pools in the order of
/// their numbers. O(log pools).
[[nodiscard]] inline std::size_t pool_of(std::span<const traced_pool> pools, block_number n) {
    const auto after = std::ranges::upper_bound(pools, n, {}, &traced_pool::first_block);
    const bool held = after != pools.begin() && std::prev(after)->holds(n);
    return held ? static_cast<std::size_t>(after - pools.begin() - 1) : pools.size();
}

/// Where a traced heap has blocks whose layout is not known: to the heap's end. Blocks begin at
/// multiples of the unit from its first byte; number `first_block` + i begins i units after it.
struct traced_region {
    std::uint32_t offset = 0; ///< of the first byte in the heap
    std::uint32_t unit = 0;   ///< bytes
    std::uint32_t units = 0;  ///< 0: the heap has no region
    block_number first_block{};

    [[nodiscard]] constexpr bool holds(block_number n) const { return n - first_block < units; }
    /// Of a block that it holds, in the heap.
    [[nodiscard]] constexpr std::uint32_t offset_of(block_number n) const {
        return offset + (n - first_block) * unit;
    }

    friend bool operator==(const traced_region&, const traced_region&) = default;
};

/// The traced heap, where the format announces it.
struct traced_heap {
    std::uint32_t size = 0; ///< bytes
    std::vector<traced_pool> pools;
    traced_region region{};
    /// First 24 bits of the firmware's GNU build ID, as its first six hexadecimal digits; 0: none.
    std::uint32_t identity = 0;

    /// Whether it is a heap that is not ours: one without pools, whose blocks begin where it does. Ours
    /// has tags in front of the blocks of its region.
    [[nodiscard]] bool is_foreign() const {
        return pools.empty() && region.offset == 0 && region.first_block == block_number{};
    }

    friend bool operator==(const traced_heap&, const traced_heap&) = default;
};

/// The event model that every reader feeds and every analysis consumes.
///
/// A trace is a sequence of changes: a block is taken or given back. Everything else (failed
/// requests, time, gaps) is between changes. Readers guarantee that what they report is consistent,
/// whatever the file has: a block is given back once, after it was taken, with the size that it was
/// taken with. What does not fit is reported as a gap or counted in `findings`, never as a change.
///
/// Changes come in batches, so that a call costs little and a sink's loop stays in registers.
class sink {
public:
    sink() = default;
    sink(const sink&) = default;
    sink& operator=(const sink&) = default;
    sink(sink&&) = default;
    sink& operator=(sink&&) = default;
    virtual ~sink() = default;

    virtual void on_changes(std::span<const change> changes) = 0;
    /// The same, for nearly all changes of a native trace.
    virtual void on_brief_changes(const brief_changes& changes);
    /// A block changes its size, in one event: `before` is given back, `after` is taken, and both
    /// have the same number.
    virtual void on_resize(const change& before, const change& after, resizing how) {
        on_changes(how == resizing::copied ? std::array{after, before} : std::array{before, after});
    }
    /// The heap that the following changes speak of.
    virtual void on_heap(const traced_heap& /*heap*/) {}
    virtual void on_failure(const failure& /*f*/) {}
    /// Time that went by since the last such call.
    virtual void on_time(clock /*unit*/, std::uint64_t /*elapsed*/) {}
    /// So many events of the file came before what follows. Said where a sink that counts changes,
    /// resizes and failures would be wrong: after an event that changes nothing, or a change
    /// without an event of its own.
    virtual void on_position(std::uint64_t /*events*/) {}
    /// Events are missing here or may be, or what is here could not be read: findings::gaps
    /// counts these places. `lost` events are missing for certain; a place may be told again with
    /// more of them.
    virtual void on_gap(std::uint64_t /*lost*/) {}
    /// At the end: a block that is still live. `certain`: no word can have been missed since.
    virtual void on_live(const change& /*taken*/, bool /*certain*/) {}
};

inline void sink::on_brief_changes(const brief_changes& changes) {
    std::array<change, 256> whole;
    std::size_t count = 0;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        whole[count++] = changes[i];
        if (count < whole.size() && i + 1 < changes.size()) continue;
        on_changes({whole.data(), count});
        count = 0;
    }
}

/// A sink as readers speak to it: one change at a time, handed on in batches, in order.
class batch {
public:
    static constexpr std::size_t capacity = 512;

    explicit batch(sink& to) : to_(to) {}

    void change(const trace::change& c) {
        if (count_ == capacity) flush();
        changes_[count_++] = c;
    }
    void resize(
        const trace::change& before, const trace::change& after, resizing how = resizing::in_place
    ) {
        flush();
        to_.on_resize(before, after, how);
    }
    void position(std::uint64_t events) { now().on_position(events); }
    /// The sink itself, for what is not a change; all changes so far have reached it.
    sink& now() {
        flush();
        return to_;
    }
    void flush() {
        if (count_ != 0) to_.on_changes({changes_.data(), count_});
        count_ = 0;
    }

private:
    sink& to_;
    std::array<trace::change, capacity> changes_{};
    std::size_t count_ = 0;
};

} // namespace drone::trace
