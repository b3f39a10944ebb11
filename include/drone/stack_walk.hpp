// SPDX-License-Identifier: MIT
#pragma once

// A program's walk up its own stack, with the frame table that the tool made of it (frame_table.hpp), or
// as its core does it.

#include <drone/call_site.hpp>
#include <drone/frame_table.hpp>
#include <drone/wire.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A stack, innermost frame first.
template <std::size_t Depth>
struct call_stack {
    std::uint32_t frames[Depth]; ///< code addresses that calls return to
    std::uint32_t count;
    std::uint32_t hash; ///< of the frames
    bool is_whole;      ///< its last frame is the program's first function, or an exception's
};

/// Walks stacks of up to Depth frames. Any context may: a context that preempts a walk searches the
/// table without the cache. A frame takes some 16 instructions if the cache has it, else 100.
///
/// The walk ends, with what it has, at code that is not in the table and at a frame whose size only
/// the program knows. So it also ends where an exception begins: it never crosses into what was
/// preempted. Without a table the stack is one frame.
template <class Core, std::size_t Depth>
class stack_walker {
public:
    static_assert(Depth > 0);

    /// The stack of the call, whose frames are all still there.
    [[gnu::noinline]] void walk(call_site from, call_stack<Depth>& found) noexcept {
        std::uint32_t own[2] = {};
        const bool cached = claim();
        climb(from, found, cached ? lines_ : own, cached ? line_count : 1);
        if (!cached) return;
        std::atomic_signal_fence(std::memory_order_release);
        busy_ = false;
    }

private:
    static constexpr std::uint32_t line_count = Depth > 8 ? 128 : 64;

    [[nodiscard]] bool claim() noexcept {
        const typename Core::critical_section masked;
        if (busy_) return false;
        busy_ = true;
        return true;
    }

    [[nodiscard]] static std::uint32_t number(const void* address) noexcept {
        return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(address));
    }
    [[nodiscard]] static std::uint32_t load(std::uint32_t address) noexcept {
        return *reinterpret_cast<const std::uint32_t*>(static_cast<std::uintptr_t>(address));
    }
    /// What stands where a caller would, in a program's first function or an exception's.
    [[nodiscard]] static bool is_bottom(std::uint32_t address) noexcept {
        constexpr std::uint32_t exception_returns = 0xFFFF'FF00;
        return address <= 1 || address >= exception_returns;
    }
    [[nodiscard]] static bool is_code(std::uint32_t address) noexcept {
        return drone_frames_1 != nullptr &&
               address - 2 - drone_frames_1[frames::base] < drone_frames_1[frames::code_bytes];
    }
    /// Where no walk goes further.
    [[nodiscard]] static std::uint32_t stack_limit(call_site from) noexcept {
        return drone_frames_1 == nullptr || from.stack == nullptr
                   ? 0
                   : drone_frames_1[frames::stack_limit];
    }

    /// `known`: addresses, and after as many the shapes of the frames in which calls return to them.
    [[gnu::always_inline]] static void climb(
        call_site from, call_stack<Depth>& found, std::uint32_t* known, std::uint32_t lines
    ) noexcept {
        std::uint32_t* const shapes = known + lines;
        const std::uint32_t mask = lines - 1;
        const std::uint32_t limit = stack_limit(from);
        std::uint32_t address = number(from.address);
        std::uint32_t stack = number(from.stack);
        std::uint32_t sum = 0;
        std::uint32_t* next = found.frames;
        std::uint32_t* const end = found.frames + Depth;
        for (;;) {
            const std::uint32_t place = (address ^ address >> 7U) >> 1U & mask;
            if (known[place] != address) [[unlikely]] {
                const bool is_first = next == found.frames;
                if (is_bottom(address) && !is_first) break;
                const std::uint32_t shape = look_up(address);
                if (shape == 0) {
                    // Only the first one may be of code that the table does not know.
                    if (is_first || is_code(address)) {
                        *next++ = address;
                        sum = wire::stack_hash(sum, address);
                    }
                    break;
                }
                known[place] = address;
                shapes[place] = shape;
            }
            const std::uint32_t shape = shapes[place];
            *next++ = address;
            sum = wire::stack_hash(sum, address);
            const std::uint32_t up = stack + (shape >> 16U);
            if (next == end || up > limit) break;
            address = load(stack + (shape & 0xFFFFU));
            stack = up;
        }
        found.count = static_cast<std::uint32_t>(next - found.frames);
        found.hash = sum;
        found.is_whole = next != end && is_bottom(address);
    }

    [[nodiscard, gnu::noinline]] static std::uint32_t look_up(std::uint32_t address) noexcept {
        return drone_frames_1 == nullptr ? 0 : frames::find_shape(drone_frames_1, address);
    }

    std::uint32_t lines_[2 * line_count] = {}; ///< see climb()
    bool busy_ = false;
};

/// A core that walks stacks itself: a host, whose programs have tables for exceptions.
/// walk_stack(caller, frames, most, is_whole) returns how many frames it found, at least one.
template <class Core>
concept walks_stacks =
    requires(const void* caller, std::uint32_t* frames, std::size_t most, bool& is_whole) {
        { Core::walk_stack(caller, frames, most, is_whole) } noexcept -> std::same_as<std::size_t>;
    };

/// Walks as such a core does. O(depth of the stack). Contexts: the core's.
template <walks_stacks Core, std::size_t Depth>
class stack_walker<Core, Depth> {
public:
    [[gnu::noinline]] void walk(call_site from, call_stack<Depth>& found) noexcept {
        found.count = static_cast<std::uint32_t>(
            Core::walk_stack(from.address, found.frames, Depth, found.is_whole)
        );
        found.hash = 0;
        for (std::uint32_t i = 0; i < found.count; ++i)
            found.hash = wire::stack_hash(found.hash, found.frames[i]);
    }
};

} // namespace drone
