// SPDX-License-Identifier: MIT
#pragma once

// Reads a native trace while it is captured. The reader of a whole trace (native.hpp) looks ahead to
// the next check before it says anything; this one reads each word when it is there. So nothing that
// it says is certain: it is for looking on.

#include "trace/findings.hpp"
#include "trace/formats/native/heap_state.hpp"
#include "trace/formats/native/layout.hpp"
#include "trace/sink.hpp"

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::trace {

class native_follower {
public:
    /// Refers to the sink.
    explicit native_follower(sink& to) : heap_(to, found_) {}
    native_follower(const native_follower&) = delete;
    native_follower& operator=(const native_follower&) = delete;

    /// The next bytes of the trace, in pieces of any length. Everything in them has reached the sink
    /// when this returns.
    void feed(std::span<const std::byte> bytes);

    /// Whether an announcement came: what is before it says nothing.
    [[nodiscard]] bool knows_heap() const { return knows_; }
    /// Events, gaps and failures so far.
    [[nodiscard]] const findings& found() const { return found_; }

private:
    void read(wire::word w);
    void control(wire::word w);
    void capture(wire::word w);
    void event(wire::word w);
    void know(const announced_trace& said);
    void lose(std::uint64_t events);

    findings found_;
    heap_state heap_;
    announcement_parser announcements_;
    announced_trace known_;
    bool knows_ = false;
    bool numbered_ = false;   ///< next_ is known
    std::uint32_t next_ = 0;  ///< number of the next event
    std::uint32_t part_ = 0;  ///< of a word that is not whole yet
    unsigned part_bytes_ = 0; ///< of it
};

} // namespace drone::trace
