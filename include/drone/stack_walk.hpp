// SPDX-License-Identifier: MIT
#pragma once

// A program's walk up its own stack, with the frame table that the tool made of it (frame_table.hpp).

#include <drone/call_site.hpp>
#include <drone/frame_table.hpp>
#include <drone/wire.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A stack, innermost frame first.
template <std::size_t Depth>
struct call_stack {
    std::uint32_t frames[Depth]; ///< code addresses that calls return to
    std::uint32_t count = 0;
    std::uint32_t hash = 0; ///< of the frames
    bool is_whole = false;  ///< its last frame is the program's first, or an exception's
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
    static constexpr std::size_t depth = Depth;
    static_assert(Depth > 0);

    /// The stack of the call, whose frames are all still there.
    [[gnu::noinline]] void walk(call_site from, call_stack<Depth>& found) noexcept {
        line own{};
        const bool cached = claim();
        line* const lines = cached ? lines_ : &own;
        const std::uint32_t mask = cached ? line_count - 1 : 0;
        climb(from, found, lines, mask);
        if (cached) {
            std::atomic_signal_fence(std::memory_order_release);
            busy_ = false;
        }
    }

private:
    /// The shape of the frame in which a call returns to the address; nothing if that is 0.
    struct line {
        std::uint32_t address = 0;
        std::uint32_t shape = 0;
    };
    static constexpr std::uint32_t line_count = 64;

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
    [[nodiscard]] static bool is_code(const std::uint32_t* table, std::uint32_t address) noexcept {
        return address - 2 - table[frames::base] < table[frames::code_bytes];
    }
    /// What stands where a caller would, in a program's first function or an exception's.
    [[nodiscard]] static bool is_bottom(std::uint32_t address) noexcept {
        constexpr std::uint32_t exception_returns = 0xFFFF'FF00;
        return address <= 1 || address >= exception_returns;
    }

    [[gnu::always_inline]] static void
    climb(call_site from, call_stack<Depth>& found, line* lines, std::uint32_t mask) noexcept {
        const std::uint32_t* const table = drone_frames_1;
        std::uint32_t address = number(from.address);
        std::uint32_t stack = number(from.stack);
        std::uint32_t sum = 0;
        std::uint32_t* next = found.frames;
        const std::uint32_t limit = table == nullptr ? 0 : table[frames::stack_limit];
        found.is_whole = false;
        for (;;) {
            line& known = lines[(address ^ address >> 7U) >> 1U & mask];
            std::uint32_t shape = known.shape;
            if (known.address != address) [[unlikely]] {
                shape = table == nullptr ? 0 : frames::find_shape(table, address);
                // Only the first one may be of code that the table does not know.
                if (next != found.frames && !is_code(table, address)) {
                    found.is_whole = is_bottom(address);
                    break;
                }
                if (shape != 0) known = {address, shape};
            }
            *next++ = address;
            sum = wire::stack_hash(sum, address);
            const std::uint32_t up = stack + (shape >> 16U);
            if (next == found.frames + Depth || shape == 0 || up > limit || stack == 0) break;
            address = load(stack + (shape & 0xFFFFU));
            stack = up;
        }
        found.count = static_cast<std::uint32_t>(next - found.frames);
        found.hash = sum;
    }

    line lines_[line_count] = {};
    bool busy_ = false;
};

} // namespace drone
