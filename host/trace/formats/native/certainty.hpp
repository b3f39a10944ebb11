// SPDX-License-Identifier: MIT
#pragma once

// Which statements about a native trace are certain.
//
// The trace is cut into stretches, numbered from 1. A stretch ends at a check that agreed, or at a
// break: something is missing or damaged there, or may be. A statement about a block rests on every
// stretch since the block last changed; all of them must have ended at a check.
//
//     stretch      1        2        3         4       5
//     ends at      check    break    check     check   the end of the file
//     certain                        yes       yes     not yet
//
// Where the trace has digests, the first one after a break covers words from before the break, too,
// so it proves nothing and counts as a break itself.

#include <cstdint>

namespace drone::trace {

class certainty {
public:
    /// The stretch that words are read in now.
    [[nodiscard]] std::uint32_t stretch() const { return now_; }

    /// Whether nothing is known to be missing since that stretch; 0 stands for "before the trace".
    [[nodiscard]] bool unbroken_since(std::uint32_t stretch) const {
        return stretch >= good_since_;
    }

    /// Whether all of it from that stretch to the last check was checked.
    [[nodiscard]] bool checked_since(std::uint32_t stretch) const {
        return unbroken_since(stretch) && stretch < now_;
    }

    void check() { ++now_; }
    void break_off() { good_since_ = ++now_; }

private:
    std::uint32_t now_ = 1;
    std::uint32_t good_since_ = 1;
};

} // namespace drone::trace
