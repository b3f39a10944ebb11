// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace drone::trace {

/// Which statements about a native trace are certain.
///
/// The trace is cut into stretches, numbered from 1; a stretch ends at a check (checks.hpp), and
/// where something is visibly missing or damaged. A stretch is proven when its check shows that every
/// word of it is there, as the target sent it. A statement about a block rests on every stretch since
/// the block last changed; it is certain when all of them are proven.
///
///     stretch      1        2         3        4        5
///     is           proven   broken    proven   proven   open: no check follows, the trace ends
///     certain                         yes      yes      not yet
class certainty {
public:
    /// The stretch that words are read in now.
    [[nodiscard]] std::uint32_t stretch() const { return now_; }
    [[nodiscard]] bool is_proven() const { return proven_; }

    /// Whether nothing is known to be missing since that stretch; 0 means "before the trace".
    [[nodiscard]] bool unbroken_since(std::uint32_t stretch) const { return stretch >= since_; }
    /// Whether a statement that rests on all from that stretch to this word is certain.
    [[nodiscard]] bool certain_since(std::uint32_t stretch) const {
        return proven_ && unbroken_since(stretch);
    }
    /// Whether all of it from that stretch to the last check is proven.
    [[nodiscard]] bool checked_since(std::uint32_t stretch) const {
        return unbroken_since(stretch) && (proven_ || stretch < now_);
    }

    void begin_stretch(bool proven) {
        ++now_;
        proven_ = proven;
    }
    /// Something is missing or damaged here, or may be.
    void break_off() { since_ = ++now_; }

private:
    std::uint32_t now_ = 1;
    std::uint32_t since_ = 1;
    bool proven_ = false;
};

} // namespace drone::trace
