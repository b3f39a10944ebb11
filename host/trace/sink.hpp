// SPDX-License-Identifier: MIT
#pragma once

// The event model that every reader feeds and every analysis consumes.
//
// A trace is a sequence of changes: a block is taken or given back. Everything else (requests that
// failed, time, gaps) stands between changes. Readers guarantee that what they tell is consistent,
// whatever the file holds: a block is given back once, after it was taken, with the size it was
// taken with; what does not fit is told as a gap or counted in `findings`, never as a change.
//
// Readers that must be fast are templates over the sink, so that a `final` sink is inlined.

#include <cstdint>
#include <vector>

namespace drone::trace {

/// The block of a change in a format without identity.
inline constexpr std::uint32_t no_block = UINT32_MAX;

/// A block is taken, or given back.
struct change {
    std::uint32_t block =
        no_block;             ///< numbers are dense, and reused after the block was given back
    std::uint32_t size = 0;   ///< bytes asked for
    std::uint32_t caller = 0; ///< who asked, see findings::callers; 0: not known
    std::uint8_t alignment_log2 = 2; ///< of the alignment asked for
    bool gives_back = false;
};

/// A request that the traced heap could not serve.
struct failure {
    std::uint32_t size = 0; ///< bytes asked for
    std::uint32_t caller = 0;
};

enum class clock : std::uint8_t {
    none,
    target_ticks,
    microseconds,
};

/// A pool of the traced heap; its blocks are numbered from `first_block`, ascending.
struct traced_pool {
    std::uint32_t block = 0; ///< bytes
    std::uint32_t capacity = 0;
    std::uint32_t alignment = 0;
    std::uint32_t offset = 0; ///< of the first block in the heap
    std::uint32_t first_block = 0;

    friend bool operator==(const traced_pool&, const traced_pool&) = default;
};

/// The traced heap, where the format announces it.
struct traced_heap {
    std::uint32_t size = 0; ///< bytes
    std::vector<traced_pool> pools;

    friend bool operator==(const traced_heap&, const traced_heap&) = default;
};

class sink {
public:
    sink() = default;
    sink(const sink&) = default;
    sink& operator=(const sink&) = default;
    sink(sink&&) = default;
    sink& operator=(sink&&) = default;
    virtual ~sink() = default;

    virtual void on_change(const change& c) = 0;
    /// A block changes its size where it is: `before` is given back, `after` is taken, same block.
    virtual void on_resize(const change& before, const change& after) {
        on_change(before);
        on_change(after);
    }
    /// The heap that the following changes speak of.
    virtual void on_heap(const traced_heap& /*heap*/) {}
    virtual void on_failure(const failure& /*f*/) {}
    /// Time that went by since the last such call.
    virtual void on_time(clock /*unit*/, std::uint64_t /*elapsed*/) {}
    /// Events are missing here; `lost` of them, 0: not known how many.
    virtual void on_gap(std::uint64_t /*lost*/) {}
    /// At the end: a block that is still live. `certain`: no word can have been missed since.
    virtual void on_live(const change& /*taken*/, bool /*certain*/) {}
};

} // namespace drone::trace
