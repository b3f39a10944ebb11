// SPDX-License-Identifier: MIT
#pragma once

// The faces of the heap as the emulator sees them called, and the events that each call has to
// make: written from the documentation (global.hpp, docs/formats.md), not from the code.

#include "board/measure.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace drone::calls {

/// One event of the heap, as the trace and the calls both tell it.
struct heap_event {
    enum class operation : std::uint8_t { allocate, deallocate, resize, failed };
    operation what = operation::failed;
    std::uint32_t offset = 0;         ///< of the block; 0 of a failure
    std::uint32_t size = 0;           ///< bytes asked; 0 of a deallocation
    std::uint32_t alignment_log2 = 0; ///< of an allocation
    std::uint32_t caller = 0;         ///< who asked; 0 where the trace does not tell
    std::uint32_t context = 0;        ///< exception number; 0 where the trace does not tell

    friend auto operator<=>(const heap_event&, const heap_event&) = default;
};

/// What the arguments of a face mean.
enum class signature : std::uint8_t {
    object,          ///< (size): for an object of exactly that size
    any_object,      ///< (size): for any object of up to that size
    size_alignment,  ///< (size, alignment)
    malloc,          ///< (size): the C family, a multiple of 8
    alignment_size,  ///< (alignment, size), at least 8; null for what is not an alignment
    posix_memalign,  ///< (where, alignment, size), at least 8
    calloc,          ///< (count, size)
    count_of_twelve, ///< (count): of 12 bytes each
    realloc,         ///< (block, size)
    resize,          ///< (block, old size, size)
    give_back,       ///< (block)
    new_handler,     ///< (): no face of the heap, but what operator new calls before it tries again
};

struct face {
    std::string_view symbol;
    signature means = signature::give_back;
    unsigned first = 0;      ///< arguments before those: `this`, newlib's state
    bool is_inlined = false; ///< what is called stands for code that the face was inlined into
};

/// Beginnings of the mangled names of drone::memory_resource; its heap's name follows.
inline constexpr std::string_view pmr_allocate = "do_allocate";
inline constexpr std::string_view pmr_deallocate = "do_deallocate";

inline constexpr auto faces = std::to_array<face>({
    {"operator new(unsigned int)", signature::object},
    {"operator new[](unsigned int)", signature::any_object},
    {"operator new(unsigned int, std::align_val_t)", signature::size_alignment},
    {"operator new[](unsigned int, std::align_val_t)", signature::size_alignment},
    {"operator new(unsigned int, std::nothrow_t const&)", signature::object},
    {"operator new[](unsigned int, std::nothrow_t const&)", signature::any_object},
    {"operator new(unsigned int, std::align_val_t, std::nothrow_t const&)",
     signature::size_alignment},
    {"operator new[](unsigned int, std::align_val_t, std::nothrow_t const&)",
     signature::size_alignment},
    {"operator delete(void*)"},
    {"operator delete[](void*)"},
    {"operator delete(void*, unsigned int)"},
    {"operator delete[](void*, unsigned int)"},
    {"operator delete(void*, std::align_val_t)"},
    {"operator delete[](void*, std::align_val_t)"},
    {"operator delete(void*, unsigned int, std::align_val_t)"},
    {"operator delete[](void*, unsigned int, std::align_val_t)"},
    {"operator delete(void*, std::nothrow_t const&)"},
    {"operator delete[](void*, std::nothrow_t const&)"},
    {"operator delete(void*, std::align_val_t, std::nothrow_t const&)"},
    {"operator delete[](void*, std::align_val_t, std::nothrow_t const&)"},
    {"malloc", signature::malloc},
    {"calloc", signature::calloc},
    {"realloc", signature::realloc},
    {"free"},
    {"aligned_alloc", signature::alignment_size},
    {"memalign", signature::alignment_size},
    {"posix_memalign", signature::posix_memalign},
    {"_malloc_r", signature::malloc, 1},
    {"_calloc_r", signature::calloc, 1},
    {"_realloc_r", signature::realloc, 1},
    {"_memalign_r", signature::alignment_size, 1},
    {"_free_r", signature::give_back, 1},
    {pmr_allocate, signature::size_alignment, 1},
    {pmr_deallocate, signature::give_back, 1},
    {"allocator_allocate", signature::count_of_twelve, 0, true},
    {"allocator_deallocate", signature::give_back, 0, true},
    {"heap_allocate", signature::size_alignment, 0, true},
    {"heap_resize", signature::resize},
    {"heap_deallocate", signature::give_back, 0, true},
    {"make_room", signature::new_handler},
});

/// A call that the program made.
struct logged_call {
    board::call seen;          ///< its function is an index of `faces`
    std::uint32_t block = 0;   ///< what it gave: the result, or what posix_memalign wrote
    unsigned new_handled = 0;  ///< calls of the new handler in it
    std::uint32_t caller = 0;  ///< as the trace has to tell: heap_event::caller
    std::uint32_t context = 0; ///< the same

    [[nodiscard]] const face& called() const { return faces[seen.function]; }
    [[nodiscard]] std::uint32_t argument(unsigned index) const {
        return seen.arguments[called().first + index];
    }
};

/// What a face asks of the heap for its arguments.
struct request {
    std::uint32_t size = 0;
    std::uint32_t alignment = 4;
};

/// Nothing where the heap is not asked.
inline std::optional<request> asked(const logged_call& call) {
    switch (call.called().means) {
    case signature::object:
        return request{call.argument(0), call.argument(0) % 8 == 0 ? 8U : 4U};
    case signature::any_object:
        return request{call.argument(0), call.argument(0) >= 8 ? 8U : 4U};
    case signature::malloc:
        return request{call.argument(0), 8};
    case signature::size_alignment:
        return request{call.argument(0), call.argument(1)};
    case signature::alignment_size:
        if (!std::has_single_bit(call.argument(0))) return std::nullopt;
        return request{call.argument(1), std::max(call.argument(0), 8U)};
    case signature::posix_memalign:
        return request{call.argument(2), std::max(call.argument(1), 8U)};
    case signature::calloc: {
        const std::uint64_t size = std::uint64_t{call.argument(0)} * call.argument(1);
        if (size > UINT32_MAX) return std::nullopt;
        return request{static_cast<std::uint32_t>(size), 8};
    }
    case signature::count_of_twelve:
        return request{12 * call.argument(0), 4};
    case signature::realloc:
        return request{call.argument(1), 8};
    case signature::resize:
        return request{call.argument(2), 4};
    case signature::give_back:
    case signature::new_handler:
        break;
    }
    return std::nullopt;
}

/// The events that a call has to make, in their order. `arena` is the address of offset 0.
inline std::vector<heap_event> events_of(const logged_call& call, std::uint32_t arena) {
    using operation = heap_event::operation;
    const auto told = [](std::uint32_t size) { return std::clamp(size, 1U, 0xFF'FFFFU); };
    const auto event = [&](operation what) -> heap_event {
        return {.what = what, .caller = call.caller, .context = call.context};
    };
    const auto given_back = [&](std::uint32_t block) {
        heap_event e = event(operation::deallocate);
        e.offset = block - arena;
        return e;
    };
    const signature means = call.called().means;
    if (means == signature::give_back) {
        if (call.argument(0) == 0) return {};
        return {given_back(call.argument(0))};
    }
    const std::optional<request> wanted = asked(call);
    if (!wanted) return {};
    const std::uint32_t size = told(wanted->size);
    heap_event failed = event(operation::failed);
    failed.size = size;
    std::vector<heap_event> events(call.new_handled, failed);
    heap_event taken = event(operation::allocate);
    taken.offset = call.block - arena;
    taken.size = size;
    taken.alignment_log2 =
        std::max(static_cast<std::uint32_t>(std::countr_zero(wanted->alignment)), 2U);

    const bool resizes =
        (means == signature::realloc || means == signature::resize) && call.argument(0) != 0;
    if (resizes && means == signature::realloc && wanted->size == 0) {
        events.push_back(given_back(call.argument(0)));
    } else if (call.block == 0) {
        events.push_back(failed);
    } else if (resizes && call.block == call.argument(0)) {
        taken.what = operation::resize;
        taken.alignment_log2 = 0;
        events.push_back(taken);
    } else {
        events.push_back(taken);
        if (resizes) events.push_back(given_back(call.argument(0)));
    }
    return events;
}

} // namespace drone::calls
