// SPDX-License-Identifier: MIT
#pragma once

// What a trace's target and reader agree on about stacks, as the target has it.

#include <drone/stack_walk.hpp>
#include <drone/wire.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace drone {

/// The stacks of a native trace: which the reader knows, which one it takes for the next event, and the
/// announcement under way. An identifier is a hash of its frames (wire.hpp), so neither loss nor
/// eviction nor preemption can give it another meaning. The words are sent by native_tracer.
///
/// All but walk() with interrupts masked, at most some twenty instructions, and three a frame in
/// begin() where Copies. Copies: an event may be gone before the announcement of its stack is.
template <class Core, std::size_t Depth, bool Copies>
class traced_stacks {
public:
    /// A stack, and what names it.
    struct told : call_stack<Depth> {
        std::uint32_t key; ///< see wire::stack_key()
    };

    void walk(call_site from, told& found) noexcept {
        walker_.walk(from, found);
        found.key = wire::stack_key(found.hash);
    }

    [[nodiscard, gnu::always_inline]] bool is_announced(const told& stack) const noexcept {
        const std::uint32_t wanted = stack.key ^ epoch_;
        const std::uint32_t* const set = known_[stack.key >> set_shift];
        return set[0] == wanted || set[1] == wanted || set[2] == wanted || set[3] == wanted;
    }
    /// Whether the reader takes it for the next event.
    [[nodiscard]] bool is_current(const told& stack) const noexcept {
        return current_ == wire::stack_id(stack.key);
    }
    void forget_current() noexcept { current_ = 0; }
    /// The word that makes it the one of the next event.
    [[nodiscard]] wire::word say(const told& stack) noexcept { return say(stack.key); }

    /// A layout is announced: whoever listens from here on knows no stack.
    void begin_anew() noexcept {
        epoch_ += 0x9E37'79B1; // no entry of the table is one of a known stack any more
        current_ = 0;
        pending_.frames = nullptr; // whoever it was of may have given up, and its frames be gone
    }

    /// Whether the announcement of a stack is under way. Whoever has an event continues it.
    [[nodiscard]] bool has_pending() const noexcept { return pending_.frames != nullptr; }
    /// Begins one; the stack must last until it is sent, unless Copies.
    void begin(const told& stack) noexcept {
        pending_ = {stack.frames, stack.count, stack.key, stack.is_whole};
        if constexpr (Copies) {
            std::copy_n(stack.frames, stack.count, copy_.frames);
            pending_.frames = copy_.frames;
        }
        sent_ = 0;
    }
    /// The next word of the one under way.
    [[nodiscard]] wire::word next_word() noexcept {
        const std::uint32_t place = sent_++;
        if (place == 0)
            return wire::make_frames(
                {pending_.count, pending_.is_whole, pending_.frames[0] & wire::frame_bits_elsewhere}
            );
        if (place <= pending_.count) return wire::caller(pending_.frames[place - 1]);
        pending_.frames = nullptr;
        note(pending_.key);
        return say(pending_.key);
    }

private:
    static constexpr std::size_t ways = 4;
    static constexpr std::size_t sets = 32;
    static constexpr unsigned set_shift = 27;

    struct announcement {
        const std::uint32_t* frames = nullptr; ///< null: there is none
        std::uint32_t count = 0;
        std::uint32_t key = 0;
        bool is_whole = false;
    };
    struct room {
        std::uint32_t frames[Depth];
    };
    struct no_room {};

    [[nodiscard]] wire::word say(std::uint32_t key) noexcept {
        current_ = wire::stack_id(key);
        return wire::make_control(wire::control::stack, current_);
    }
    /// The reader knows it from now on, and no other one by its identifier. Takes the place of that
    /// one, else of the oldest of its set.
    void note(std::uint32_t key) noexcept {
        std::uint32_t* const set = known_[key >> set_shift];
        std::uint32_t newest = key ^ epoch_;
        for (std::size_t i = 0; i < ways; ++i) {
            newest = std::exchange(set[i], newest);
            if (wire::stack_id(newest ^ epoch_) == wire::stack_id(key)) return;
        }
    }

    std::uint32_t epoch_ = 0;   ///< mixed into the table's entries
    std::uint32_t current_ = 0; ///< identifier that was said last; 0: none
    announcement pending_;
    std::uint32_t sent_ = 0; ///< words of it
    std::uint32_t known_[sets][ways] = {};
    stack_walker<Core, Depth> walker_;
    [[no_unique_address]] std::conditional_t<Copies, room, no_room> copy_ = {};
};

/// Of a trace without stacks.
struct no_stacks {
    struct told {};
};

} // namespace drone
