// SPDX-License-Identifier: MIT
#pragma once

// Which of many intervals holds a number, found in constant data in a bounded number of steps.

#include <drone/bits.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// Intervals of numbers side by side: the first from 0 on, each up to the next, the last up to
/// `end`. Each stands for a number of the caller's, at most 255.
template <std::size_t Most>
struct interval_list {
    std::uint32_t from[Most] = {};
    std::uint8_t what[Most] = {};
    std::size_t count = 0;
    std::uint32_t end = 0;

    constexpr void add(std::uint32_t begin, std::size_t stands_for) noexcept {
        from[count] = begin;
        what[count++] = static_cast<std::uint8_t>(stands_for);
    }
};

/// A table over an interval_list. The upper bits of a number tell the interval that holds the first
/// number with these bits. Halving finds the one from there on:
///
///     numbers   0 . . . . . . . | 8 . . . . . . . | 16 ...        shift 3, halvings 1
///     intervals 0     | 1           | 2       | 3
///     first     0                 1                 2
///
/// How many of the upper bits is chosen when the program is compiled: as few as make the table
/// small, as many as leave few halvings. With none left, `first` has what an interval stands for.
///
/// No state. find() takes some 4 instructions, and 4 for each halving. Any context.
template <const auto& Intervals>
class interval_table {
    static constexpr std::size_t count = Intervals.count;
    static constexpr std::uint32_t end = Intervals.end;
    using number = std::conditional_t<(end <= UINT16_MAX), std::uint16_t, std::uint32_t>;
    using index = std::conditional_t<(count <= 256), std::uint8_t, std::uint16_t>;

    /// The interval that holds a number below `end`.
    static constexpr std::size_t holder(std::uint32_t of, std::size_t at = 0) noexcept {
        while (at + 1 < count && Intervals.from[at + 1] <= of)
            ++at;
        return at;
    }

    /// Whether each interval stands for its own number.
    static constexpr bool in_order = [] {
        for (std::size_t i = 0; i < count; ++i) {
            if (Intervals.what[i] != i) return false;
        }
        return true;
    }();

    struct plan {
        std::uint32_t shift = 0;
        std::uint32_t halvings = 0;
        std::size_t bytes = 0;

        [[nodiscard]] constexpr std::size_t parts() const noexcept {
            return count == 0 ? 0 : ((end - 1) >> shift) + 1;
        }
        /// Intervals that are looked at, beyond the last one, too.
        [[nodiscard]] constexpr std::size_t reached() const noexcept {
            return count + (std::size_t{1} << halvings) - 1;
        }
    };

    static constexpr plan with_shift(std::uint32_t shift) noexcept {
        plan made{.shift = shift};
        std::size_t most = 0;
        std::size_t at = 0;
        for (std::size_t part = 0; part < made.parts(); ++part) {
            const auto begin = static_cast<std::uint32_t>(part << shift);
            const std::uint64_t next = (std::uint64_t{part} + 1) << shift;
            at = holder(begin, at);
            const std::size_t last =
                holder(static_cast<std::uint32_t>((next < end ? next : end) - 1), at);
            if (last - at > most) most = last - at;
        }
        while ((std::size_t{1} << made.halvings) <= most)
            ++made.halvings;
        made.bytes = made.parts() * sizeof(index);
        if (made.halvings != 0)
            made.bytes += made.reached() * sizeof(number) + (in_order ? 0 : count);
        return made;
    }

    static constexpr plan chosen = [] {
        // What its four instructions are worth.
        constexpr std::size_t bytes_a_halving = bits::for_size ? 64 : 256;
        const auto price = [](const plan& of) { return of.bytes + of.halvings * bytes_a_halving; };
        plan best = with_shift(31);
        for (std::uint32_t shift = 31; shift-- > 0;) {
            // From so many parts on, the parts alone are dearer.
            if (count == 0 || (end - 1) >> shift >= price(best)) break;
            const plan next = with_shift(shift);
            if (price(next) < price(best)) best = next;
        }
        return best;
    }();

public:
    /// What the table takes.
    static constexpr std::size_t size_bytes = chosen.bytes;
    static constexpr std::size_t halvings = chosen.halvings;

    /// What the interval stands for that holds a number. Requires one below `end`.
    [[nodiscard, gnu::always_inline]] static std::size_t find(std::uint32_t of) noexcept {
        const std::size_t at = first[of >> chosen.shift];
        if constexpr (chosen.halvings == 0) {
            return known(at);
        } else {
            const number* const found = halve<chosen.halvings>(&from[at], of);
            const auto interval = static_cast<std::size_t>(found - from);
            return known(in_order ? interval : what[interval]);
        }
    }

private:
    static constexpr std::size_t largest = [] {
        std::size_t most = 0;
        for (std::size_t i = 0; i < count; ++i)
            most = Intervals.what[i] > most ? Intervals.what[i] : most;
        return most;
    }();
    /// What the compiler knows of a tree's leaves: nothing tests again for what is not there.
    [[gnu::always_inline]] static std::size_t known(std::size_t stands_for) noexcept {
        if (stands_for > largest) __builtin_unreachable();
        return stands_for;
    }

    template <std::size_t Left>
    [[gnu::always_inline]] static const number* halve(const number* at, std::uint32_t of) noexcept {
        constexpr std::size_t step = std::size_t{1} << (Left - 1);
        if (at[step] <= of) at += step;
        if constexpr (Left == 1)
            return at;
        else
            return halve<Left - 1>(at, of);
    }

    template <class Element, std::size_t Count>
    struct array {
        Element of[Count == 0 ? 1 : Count] = {};
        constexpr const Element& operator[](std::size_t at) const noexcept { return of[at]; }
    };

    static constexpr auto first_made = [] {
        array<index, chosen.parts()> made;
        std::size_t at = 0;
        for (std::size_t part = 0; part < chosen.parts(); ++part) {
            at = holder(static_cast<std::uint32_t>(part << chosen.shift), at);
            made.of[part] = static_cast<index>(chosen.halvings == 0 ? Intervals.what[at] : at);
        }
        return made;
    }();
    static constexpr auto from_made = [] {
        array<number, chosen.reached()> made;
        for (std::size_t i = 0; i < chosen.reached(); ++i)
            made.of[i] = i < count ? static_cast<number>(Intervals.from[i])
                                   : static_cast<number>(~number{0}); // no number is so large
        return made;
    }();

    static constexpr const auto& first = first_made.of;
    static constexpr const auto& from = from_made.of;
    static constexpr const auto& what = Intervals.what;
};

} // namespace drone
