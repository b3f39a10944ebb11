// SPDX-License-Identifier: MIT
#pragma once

// The traced heap, and what a tracer is.

#include <drone/call_site.hpp>
#include <drone/forwarding.hpp>
#include <drone/layout.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A tracer is a type with these hooks. native_tracer.hpp has ours; it sends wire.hpp to a log port. A
/// project can have its own.
///
/// The heap calls every hook once for an operation, in the context of that operation. A block is
/// named by its offset in the arena. Sizes are bytes, as the program asked for them.
///
/// - listening: whether somebody listens. The heap calls the others only if it returned true for
///   the same operation.
/// - trace_alloc, trace_dealloc: a block was taken; a block is about to be given back.
/// - trace_grow_in_place, trace_shrink_in_place: a resize that keeps the block. One that moves is
///   an allocation and a deallocation. realloc() does not know the old size and gives the block's.
/// - trace_failed: a request that the heap could not serve.
///
/// - begin, where there is one: the heap was initialised.
///
/// A tracer that wants the caller takes one more argument in every hook: a code address, where the
/// program called operator new, malloc or the heap. One that wants the whole stack takes a call_site
/// instead.
///
/// Order. The heap reports an allocation after it was made. It reports a deallocation, and a resize
/// that may give back a part of the block, before that happens. So on the wire the events of one
/// place are in the order in which they happened, whatever preempts.
template <class Tracer, class... Caller>
concept tracer_of = requires(
    Tracer& tracer, std::uint32_t offset, std::size_t size, std::size_t alignment, Caller... caller
) {
    { tracer.listening() } noexcept -> std::same_as<bool>;
    { tracer.trace_alloc(offset, size, alignment, caller...) } noexcept;
    { tracer.trace_dealloc(offset, caller...) } noexcept;
    { tracer.trace_grow_in_place(offset, size, size, caller...) } noexcept;
    { tracer.trace_shrink_in_place(offset, size, size, caller...) } noexcept;
    { tracer.trace_failed(size, alignment, caller...) } noexcept;
};
template <class Tracer>
concept caller_tracer = tracer_of<Tracer, const void*>;
template <class Tracer>
concept stack_tracer = tracer_of<Tracer, call_site>;
template <class Tracer>
concept heap_tracer = tracer_of<Tracer> || caller_tracer<Tracer>;

namespace detail {
/// The first base of a traced heap, so that the tracer's state is near the free lists.
template <class Tracer>
struct holder {
    [[no_unique_address]] Tracer tracer_;
};

// What a traced heap does while somebody listens is a call away (language.hpp says why). The heap
// comes last of what is always given, so that the other arguments stay in the registers in which
// they came.

/// A request that its first pool serves, and any other.
template <std::uint32_t Alignment, class Traced, class... Caller>
DRONE_A_CALL_AWAY void* allocate_heard(std::size_t size, Traced& self, Caller... caller) noexcept {
    return self.template allocate_heard<Alignment>(size, caller...);
}
/// The same; null, and nothing is reported, where its first pool does not.
template <std::uint32_t Alignment, class Traced, class... Caller>
DRONE_A_CALL_AWAY void*
allocate_heard_at_once(std::size_t size, Traced& self, Caller... caller) noexcept {
    return self.template allocate_heard_at_once<Alignment>(size, caller...);
}
template <class Traced, class... Caller>
DRONE_A_CALL_AWAY void* allocate_heard_slowly(
    std::size_t size, std::size_t alignment, Traced& self, Caller... caller
) noexcept {
    return self.allocate_heard_slowly(size, alignment, caller...);
}
template <class Traced, class... Caller>
DRONE_A_CALL_AWAY void deallocate_heard(void* block, Traced& self, Caller... caller) noexcept {
    self.deallocate_heard(block, caller...);
}
} // namespace detail

/// Heap, which reports every operation to Tracer. Contexts: those of Heap that the tracer allows.
///
/// With a caller_tracer each call takes, as its last argument, the address of the code that asks, or a
/// call_site. A class between the program and the heap passes its own return address on, or
/// DRONE_CALL_SITE. Without that argument the caller is whatever calls the heap.
template <class Heap, heap_tracer Tracer>
class traced : detail::holder<Tracer>, public forwarding<Heap> {
    using detail::holder<Tracer>::tracer_;
    using forwarding<Heap>::heap_;
    static constexpr bool has_first_block =
        requires(Heap& heap, std::size_t size) { heap.allocate_at_once(size, size); };
    /// Whether the tracer wants a caller, and none is given.
    template <class... Caller>
    static constexpr bool finds_caller = caller_tracer<Tracer> && sizeof...(Caller) == 0;

    template <std::uint32_t Alignment, class Traced, class... Caller>
    friend void* detail::allocate_heard(std::size_t size, Traced& self, Caller... caller) noexcept;
    template <std::uint32_t Alignment, class Traced, class... Caller>
    friend void*
    detail::allocate_heard_at_once(std::size_t size, Traced& self, Caller... caller) noexcept;
    template <class Traced, class... Caller>
    friend void* detail::allocate_heard_slowly(
        std::size_t size, std::size_t alignment, Traced& self, Caller... caller
    ) noexcept;
    template <class Traced, class... Caller>
    friend void detail::deallocate_heard(void* block, Traced& self, Caller... caller) noexcept;

public:
    void initialize() noexcept {
        forwarding<Heap>::initialize();
        if constexpr (requires { tracer_.begin(); }) tracer_.begin();
    }

    // While nobody listens the way is a test and then that of the untraced heap: what must be kept
    // for the tracer is kept only on the other branch.

    template <class... Caller>
        requires tracer_of<Tracer, Caller...> || (sizeof...(Caller) == 0)
    [[nodiscard, gnu::always_inline]] void* allocate(
        std::size_t size, std::size_t alignment = granule, Caller... caller
    ) noexcept {
        if (tracer_.listening()) [[unlikely]] {
            if constexpr (finds_caller<Caller...>) return allocate_here(size, alignment, *this);
            // A constant alignment stays one on the other side of the call.
            else if (alignment <= granule)
                return detail::allocate_heard<granule>(size, *this, caller...);
            else if (alignment <= default_alignment)
                return detail::allocate_heard<default_alignment>(size, *this, caller...);
            else
                return detail::allocate_heard_slowly(size, alignment, *this, caller...);
        }
        return heap_.allocate(size, alignment);
    }

    /// As the heap's. Where that is null nothing is reported: allocate() is still to come.
    template <class... Caller>
        requires(tracer_of<Tracer, Caller...> || sizeof...(Caller) == 0) && has_first_block
    [[nodiscard, gnu::always_inline]] void*
    allocate_at_once(std::size_t size, std::size_t alignment, Caller... caller) noexcept {
        if (tracer_.listening()) [[unlikely]] {
            if constexpr (finds_caller<Caller...>)
                return nullptr;
            else if (alignment <= granule)
                return detail::allocate_heard_at_once<granule>(size, *this, caller...);
            else if (alignment <= default_alignment)
                return detail::allocate_heard_at_once<default_alignment>(size, *this, caller...);
            else
                return nullptr;
        }
        return heap_.allocate_at_once(size, alignment);
    }

    template <class... Caller>
        requires(tracer_of<Tracer, Caller...> || sizeof...(Caller) == 0) &&
                requires(Heap& heap, void* block) { heap.deallocate_or_null(block); }
    [[gnu::always_inline]] void deallocate_or_null(void* block, Caller... caller) noexcept {
        if (tracer_.listening()) [[unlikely]] {
            if (block != nullptr) hear_deallocation(block, caller...);
            return;
        }
        heap_.deallocate_or_null(block);
    }

    template <class... Caller>
        requires tracer_of<Tracer, Caller...> || (sizeof...(Caller) == 0)
    [[gnu::always_inline]] void deallocate(void* block, Caller... caller) noexcept {
        if (tracer_.listening()) [[unlikely]]
            return hear_deallocation(block, caller...);
        heap_.deallocate(block);
    }

    template <class... Caller>
        requires tracer_of<Tracer, Caller...> || (sizeof...(Caller) == 0)
    [[nodiscard, gnu::always_inline]] void* place_resized(
        void* block, std::size_t old_size, std::size_t size, std::size_t alignment, Caller... caller
    ) noexcept {
        if (tracer_.listening()) [[unlikely]]
            return resized_heard(block, old_size, size, alignment, *this, caller...);
        return heap_.place_resized(block, old_size, size, alignment);
    }

    /// Sends what makes the trace certain up to here: for the end of a program. Nothing where
    /// nobody listens. Contexts as all else.
    void end_trace() noexcept {
        if constexpr (requires { tracer_.trace_end(); })
            if (tracer_.listening()) tracer_.trace_end();
    }

private:
    /// Calls `hook` with the caller that was given, else the one found here, else none: whatever
    /// the tracer takes. Stands in functions that are not inlined, whose return address is in the
    /// code that called the heap.
    template <class Hook, class... Caller>
    [[gnu::always_inline]] static void tell(Hook hook, Caller... caller) noexcept {
        if constexpr (!caller_tracer<Tracer> || sizeof...(Caller) != 0) {
            hook(caller...);
        } else if constexpr (stack_tracer<Tracer>) {
            hook(DRONE_CALL_SITE);
        } else {
            hook(static_cast<const void*>(__builtin_return_address(0)));
        }
    }

    /// What the heap answered to a request.
    template <class... Who>
    [[gnu::always_inline]] void
    tell_answer(void* block, std::size_t size, std::size_t alignment, Who... who) noexcept {
        if (block != nullptr) [[likely]] {
            tracer_.trace_alloc(heap_.offset_of(block), size, alignment, who...);
        } else {
            tracer_.trace_failed(size, alignment, who...);
        }
    }

    template <std::uint32_t Alignment, class... Who>
    [[gnu::always_inline]] void* allocate_heard_at_once(std::size_t size, Who... who) noexcept {
        void* const block = heap_.allocate_at_once(size, Alignment);
        if (block != nullptr) [[likely]]
            tracer_.trace_alloc(heap_.offset_of(block), size, Alignment, who...);
        return block;
    }
    template <std::uint32_t Alignment, class... Who>
    [[gnu::always_inline]] void* allocate_heard(std::size_t size, Who... who) noexcept {
        if constexpr (has_first_block) {
            void* const block = allocate_heard_at_once<Alignment>(size, who...);
            if (block != nullptr) [[likely]]
                return block;
        }
        return detail::allocate_heard_slowly(size, Alignment, *this, who...);
    }
    template <class... Who>
    [[gnu::always_inline]] void*
    allocate_heard_slowly(std::size_t size, std::size_t alignment, Who... who) noexcept {
        void* const block = heap_.allocate(size, alignment);
        tell_answer(block, size, alignment, who...);
        return block;
    }
    template <class... Who>
    [[gnu::always_inline]] void deallocate_heard(void* block, Who... who) noexcept {
        tracer_.trace_dealloc(heap_.offset_of(block), who...);
        heap_.deallocate(block);
    }

    template <class... Caller>
    [[gnu::always_inline]] void hear_deallocation(void* block, Caller... caller) noexcept {
        if constexpr (finds_caller<Caller...>)
            return deallocate_here(block, *this);
        else
            return detail::deallocate_heard(block, *this, caller...);
    }

    // Public functions, to which the compiler makes no tail call: their return address is in the
    // code that called the heap.

    [[gnu::noinline]] static void*
    allocate_here(std::size_t size, std::size_t alignment, traced& self) noexcept {
        void* block = nullptr;
        tell([&](auto... who) __attribute__((always_inline)) {
            block = self.allocate_heard_slowly(size, alignment, who...);
        });
        return block;
    }
    [[gnu::noinline]] static void deallocate_here(void* block, traced& self) noexcept {
        tell([&](auto... who)
                 __attribute__((always_inline)) { self.deallocate_heard(block, who...); });
    }

    /// A block that keeps its place.
    template <class... Who>
    [[gnu::always_inline]] void
    tell_in_place(void* block, std::size_t old_size, std::size_t size, Who... who) noexcept {
        const std::uint32_t offset = heap_.offset_of(block);
        if (size > old_size) {
            tracer_.trace_grow_in_place(offset, old_size, size, who...);
        } else {
            tracer_.trace_shrink_in_place(offset, old_size, size, who...);
        }
    }

    template <class... Caller>
    [[gnu::noinline]] static void* resized_heard(
        void* block,
        std::size_t old_size,
        std::size_t size,
        std::size_t alignment,
        traced& self,
        Caller... caller
    ) noexcept {
        // Whoever preempts may take the tail as soon as it is given back.
        const bool before = self.heap_.may_give_tail_back(block, size, alignment);
        void* place = block;
        if (!before) place = self.heap_.place_resized(block, old_size, size, alignment);
        tell(
            [&](auto... who) __attribute__((always_inline)) {
                if (place != block) return self.tell_answer(place, size, alignment, who...);
                self.tell_in_place(block, old_size, size, who...);
            },
            caller...
        );
        if (before) place = self.heap_.place_resized(block, old_size, size, alignment);
        return place;
    }
};

/// Ends the trace of a heap that is traced, as traced::end_trace(); nothing for one that is not.
template <class Heap>
void end_trace(Heap& heap) noexcept {
    if constexpr (requires { heap.end_trace(); }) heap.end_trace();
}

} // namespace drone
