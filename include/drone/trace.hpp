// SPDX-License-Identifier: MIT
#pragma once

// The traced heap: a heap that forwards to another and tells a tracer of every operation, each
// once.
//
// A tracer is any type with the hooks below; trace_port is ours, which speaks wire.hpp to a log
// port. A project can bring its own. Blocks are named by their offset in the arena.
//
// Order. An allocation is told after it was made, a deallocation before the block is given back, so
// that on the wire the events of one block stand in the order in which they happened, whatever
// preempts.

#include <drone/exclusive.hpp>
#include <drone/layout.hpp>
#include <drone/log.hpp>
#include <drone/wire.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// The hooks. Sizes are bytes as the program asked; in_place hooks are told of resizes that keep
/// the block (a moved one is an allocation and a deallocation). realloc() does not know the old
/// size and says the block's. trace_failed() is told of requests that the heap could not serve.
/// Called from every context that uses the heap, and only when listening() said true just before
/// the operation.
template <class Tracer>
concept heap_tracer =
    requires(Tracer& tracer, std::uint32_t offset, std::size_t size, std::size_t alignment) {
        { tracer.listening() } noexcept -> std::same_as<bool>;
        { tracer.trace_alloc(offset, size, alignment) } noexcept;
        { tracer.trace_dealloc(offset) } noexcept;
        { tracer.trace_grow_in_place(offset, size, size) } noexcept;
        { tracer.trace_shrink_in_place(offset, size, size) } noexcept;
        { tracer.trace_failed(size, alignment) } noexcept;
    };

/// Heap with Tracer told of everything. Contexts as Heap, as far as the tracer allows them.
template <class Heap, heap_tracer Tracer>
class traced {
public:
    using core = typename Heap::core;

    void initialize() noexcept { heap_.initialize(); }

    // While nobody listens the way is a test and then that of the untraced heap: what must be kept
    // for the tracer is kept only on the other branch.

    [[nodiscard, gnu::always_inline]] void*
    allocate(std::size_t size, std::size_t alignment = granule) noexcept {
        if (tracer_.listening()) [[unlikely]] {
            // A constant alignment stays one on the other side of the call.
            if (alignment <= granule) return allocate_heard<granule>(size, granule, *this);
            if (alignment <= default_alignment)
                return allocate_heard<default_alignment>(size, default_alignment, *this);
            return allocate_heard<alignment_limit>(size, alignment, *this);
        }
        return heap_.allocate(size, alignment);
    }

    [[gnu::always_inline]] void deallocate(void* block) noexcept {
        if (tracer_.listening()) [[unlikely]]
            return deallocate_heard(block, *this);
        heap_.deallocate(block);
    }

    [[nodiscard]] bool
    resize_in_place(void* block, std::size_t old_size, std::size_t size) noexcept {
        if (!heap_.resize_in_place(block, old_size, size)) return false;
        if (!tracer_.listening()) return true;
        if (size > old_size) {
            tracer_.trace_grow_in_place(heap_.offset_of(block), old_size, size);
        } else {
            tracer_.trace_shrink_in_place(heap_.offset_of(block), old_size, size);
        }
        return true;
    }

    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        return heap_.block_size(block);
    }
    [[nodiscard]] std::uint32_t offset_of(const void* address) const noexcept {
        return heap_.offset_of(address);
    }
    [[nodiscard]] std::size_t pool_of(const void* address) const noexcept {
        return heap_.pool_of(address);
    }
    /// The heap that is traced, for what it alone can tell.
    [[nodiscard]] const Heap& untraced() const noexcept { return heap_; }
    [[nodiscard]] bool invariants_hold() const noexcept { return heap_.invariants_hold(); }
    [[nodiscard]] std::int64_t count_free(std::size_t pool) const noexcept {
        return heap_.count_free(pool);
    }

private:
    // The heap comes last, so that the other arguments stay in the registers in which they came.

    template <std::uint32_t Most>
    [[gnu::noinline]] static void*
    allocate_heard(std::size_t size, std::size_t alignment, traced& self) noexcept {
        if constexpr (Most != alignment_limit) alignment = Most;
        void* const block = self.heap_.allocate(size, alignment);
        if (block != nullptr) [[likely]] {
            self.tracer_.trace_alloc(self.heap_.offset_of(block), size, alignment);
        } else {
            self.tracer_.trace_failed(size, alignment);
        }
        return block;
    }

    [[gnu::noinline]] static void deallocate_heard(void* block, traced& self) noexcept {
        self.tracer_.trace_dealloc(self.heap_.offset_of(block));
        self.heap_.deallocate(block);
    }

    [[no_unique_address]] Tracer tracer_; // first, so that its state is near the free lists
    Heap heap_;
};

/// The native trace on a log port. Costs a load and a test for each event while nobody listens.
/// While somebody does, waits until the port takes the word: nothing is lost, and the program runs
/// no faster than the link. Layout: the heap's, announced at the first event that somebody listens
/// to and again every so often, so that a capture that attaches to a running target locks on.
///
/// The sequence number is advanced and the word written with interrupts masked (a dozen
/// instructions), so numbers on the wire ascend whatever preempts; the wait is outside.
template <const auto& Layout, class Port, exclusive_access Core>
class trace_port {
public:
    static_assert(Layout.size <= wire::heap_size_limit, "a traced heap is at most 16 MiB");
    static_assert(
        std::remove_cvref_t<decltype(Layout)>::pool_count <= wire::pool_limit,
        "a traced heap has at most 255 pools"
    );

    static constexpr std::size_t words =
        wire::announcement_size(std::remove_cvref_t<decltype(Layout)>::pool_count);
    /// Events between two announcements, a power of two: these take less than 1 % of the words.
    static constexpr std::uint32_t period = std::bit_ceil(static_cast<std::uint32_t>(100 * words));

    /// False, and the next who listens is told that there was a pause, while nobody listens.
    [[nodiscard, gnu::always_inline]] bool listening() noexcept {
        if (Port::enabled()) [[unlikely]]
            return true;
        events_ = 0;
        return false;
    }

    [[gnu::always_inline]] void
    trace_alloc(std::uint32_t offset, std::size_t size, std::size_t alignment) noexcept {
        if (alignment > default_alignment) send_alignment(alignment);
        send(
            alignment > granule ? wire::operation::allocate_aligned : wire::operation::allocate,
            last_byte(offset, size)
        );
    }

    [[gnu::always_inline]] void trace_dealloc(std::uint32_t offset) noexcept {
        send(wire::operation::deallocate, offset);
    }

    void trace_grow_in_place(
        std::uint32_t offset, std::size_t /*old_size*/, std::size_t new_size
    ) noexcept {
        trace_resize(offset, new_size);
    }

    void trace_shrink_in_place(
        std::uint32_t offset, std::size_t /*old_size*/, std::size_t new_size
    ) noexcept {
        trace_resize(offset, new_size);
    }

    [[gnu::noinline]] void trace_failed(std::size_t size, std::size_t /*alignment*/) noexcept {
        send(wire::operation::failed, wire::saturated(size));
    }

private:
    static constexpr wire::announcement_words<words - 1> announcement = wire::announce(Layout);

    static std::uint32_t last_byte(std::uint32_t offset, std::size_t size) noexcept {
        // A block is never of no bytes: a size of 0 is told as 1.
        return offset + static_cast<std::uint32_t>(size == 0 ? 0 : size - 1);
    }

    [[gnu::noinline]] void trace_resize(std::uint32_t offset, std::size_t new_size) noexcept {
        send(wire::operation::resize, last_byte(offset, new_size));
    }

    [[gnu::noinline]] void send_alignment(std::size_t alignment) noexcept {
        std::uint32_t log2 = 0;
        while ((std::size_t{1} << log2) < alignment)
            ++log2;
        send_word([&] { return wire::make_control(wire::control::alignment, log2); });
    }

    [[gnu::always_inline]] void send(wire::operation op, std::uint32_t data) noexcept {
        if (!try_send(op, data)) [[unlikely]]
            send_slowly(op, data);
    }

    /// Whether the event went out: neither must the port be waited for, nor is an announcement due.
    [[gnu::always_inline]] bool try_send(wire::operation op, std::uint32_t data) noexcept {
        // An interrupt must not take the place in the FIFO or the number.
        const typename Core::critical_section masked;
        const std::uint32_t number = events_;
        if (!Port::ready() || number % period == 0) [[unlikely]]
            return false;
        Port::write_now(wire::event(op, number, data).bits);
        events_ = number + 1;
        return true;
    }

    [[gnu::noinline]] void send_slowly(wire::operation op, std::uint32_t data) noexcept {
        if (events_ % period == 0) announce();
        send_word([&] { return wire::event(op, events_++, data); });
    }

    // An interrupt that comes before the event is out announces too, the whole of it within ours:
    // the reader takes the inner one.
    void announce() noexcept {
        const std::uint32_t flags = events_ == 0 ? 0 : wire::flag_continues;
        send_word([&] { return wire::with_flags(announcement.at[0], flags); });
        for (std::size_t i = 1; i + 1 < words; ++i)
            send_word([&] { return announcement.at[i]; });
        send_word([&] { return wire::make_control(wire::control::checkpoint, events_); });
    }

    /// Writes the word that `make()` gives, made and written with interrupts masked; waits for the
    /// port.
    template <class Make>
    static void send_word(Make make) noexcept {
        do {
            const typename Core::critical_section masked;
            if (Port::ready()) {
                Port::write_now(make().bits);
                return;
            }
        } while (Port::wait());
    }

    /// Numbered since somebody listens. 0: whoever listens next is told that there was a pause.
    std::uint32_t events_ = 0;
};

} // namespace drone
