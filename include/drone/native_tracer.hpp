// SPDX-License-Identifier: MIT
#pragma once

// The native trace on a log port.

#include <drone/checked.hpp>
#include <drone/exclusive.hpp>
#include <drone/identity.hpp>
#include <drone/layout.hpp>
#include <drone/log.hpp>
#include <drone/region_code.hpp>
#include <drone/traced_stacks.hpp>
#include <drone/wire.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// What happens while the port accepts no word.
enum class trace_flow : std::uint8_t {
    wait, ///< the program waits. Nothing is lost, and the program runs no faster than the link
    drop, ///< the event is left out and counted. The trace carries the count
};

/// A tracer (trace.hpp) that sends wire.hpp to a log port. Options is a
/// detail::declaration (declare.hpp) with a carrier. Every context of the core may call it.
///
/// While nobody listens, an operation costs a load, a test and a store. While somebody does, each
/// event is one word, in the order in which it happened, numbered and written with interrupts
/// masked (some twenty instructions). All waiting is unmasked.
///
/// The port announces the layout at the first event that somebody listens to, and again every so
/// often, so that a capture can attach to a running target. Checks are between announcements.
/// Together they are less than 1 % of the words. A program that ends can send a last check.
template <class Options>
class native_tracer {
    using port = log_port<typename Options::carrier, static_cast<unsigned>(Options::trace_port)>;
    static constexpr std::size_t pool_count =
        std::remove_cvref_t<decltype(Options::layout)>::pool_count;
    static constexpr bool has_region = Options::layout.region.granules != 0;
    static constexpr bool drops = Options::trace_flow == trace_flow::drop;
    static constexpr bool counts_listeners = requires { Options::carrier::listener(); };
    static constexpr bool tells_stacks = Options::trace_stacks != 0;
    static constexpr bool tells_callers = Options::trace_callers && !tells_stacks;
    static constexpr bool tells_contexts = !std::is_void_v<typename Options::trace_context>;

    static_assert(Options::layout.size <= wire::heap_size_limit, "a traced heap is at most 16 MiB");
    static_assert(pool_count <= wire::pool_limit, "a traced heap has at most 255 pools");
    static_assert(
        Options::trace_stacks <= wire::stack_frame_limit, "a traced stack has at most 31 frames"
    );

    /// What the hooks are given of who asks, if they are.
    using who = std::conditional_t<tells_stacks, call_site, const void*>;
    template <class... Caller>
    static constexpr bool is_asked = sizeof...(Caller) == (tells_callers || tells_stacks ? 1 : 0) &&
                                     (std::convertible_to<Caller, who> && ...);

public:
    /// Words of an announcement.
    static constexpr std::uint32_t words =
        static_cast<std::uint32_t>(wire::announcement_size(pool_count, has_region));

private:
    /// Index of the checkpoint in an announcement; the digest follows. Identity and the layout's
    /// end stand before it.
    static constexpr std::uint32_t first_check_word = words - wire::check_size;
    static constexpr std::uint32_t layout_end_word = first_check_word - 1;
    static constexpr std::uint32_t identity_word = layout_end_word - 1;
    /// Events between two checks, where announcements are not closer.
    static constexpr std::uint32_t most_between_checks = 512;
    /// Words that an event can take: itself, its alignment, what else is said of it, and that again
    /// for the one that it preempts.
    static constexpr std::uint32_t words_an_event =
        2 + 2 * ((tells_callers ? 1 : 0) + (tells_contexts ? 1 : 0) + (has_region ? 1 : 0)) +
        (tells_stacks ? 2 * (Options::trace_stacks + 2) : 0);

    /// Words in which at least one announcement is whole, wherever they begin.
    static constexpr std::size_t window(std::uint32_t events) noexcept {
        const std::size_t checks = events / std::min(events, most_between_checks);
        return std::size_t{2} * words + std::size_t{events} * words_an_event +
               checks * wire::check_size;
    }

    static constexpr std::uint32_t fitting(std::uint32_t events, std::size_t capacity) noexcept {
        while (window(events) > capacity)
            events /= 2;
        return events;
    }

    static constexpr std::uint32_t choose_period() noexcept {
        // Stacks are announced anew after each announcement.
        constexpr std::uint32_t usual =
            std::max(std::bit_ceil(200 * words), std::uint32_t{tells_stacks ? 8192 : 1});
        if constexpr (requires { Options::carrier::capacity_words; }) {
            static_assert(
                window(1) <= Options::carrier::capacity_words,
                "a carrier that keeps the last words must keep at least one announcement"
            );
            return fitting(usual, Options::carrier::capacity_words);
        } else {
            return usual;
        }
    }

public:
    /// Events between two announcements, a power of two. Carriers that keep only the last
    /// `capacity_words` words are given one often enough that they always hold it.
    static constexpr std::uint32_t period = choose_period();
    /// Events between two checks, a power of two.
    static constexpr std::uint32_t check_period = std::min(period, most_between_checks);

    /// Makes the carrier ready, where it must be before anybody can listen.
    void begin() noexcept
        requires requires { Options::carrier::begin(); }
    {
        Options::carrier::begin();
    }

    /// Whether somebody listens. If not, it marks a pause, which the next listener learns of.
    [[nodiscard, gnu::always_inline]] bool listening() noexcept {
        if (port::enabled()) [[unlikely]]
            return true;
        events_ = 0;
        if constexpr (drops) announced_ = dropped_ = left_out_ = 0;
        return false;
    }

    template <class... Caller>
    [[gnu::always_inline]] void trace_alloc(
        std::uint32_t offset, std::size_t size, std::size_t alignment, Caller... caller
    ) noexcept
        requires is_asked<Caller...>
    {
        const auto op =
            alignment > granule ? wire::operation::allocate_aligned : wire::operation::allocate;
        if (is_of_region(offset)) {
            send_of_region(op, offset, size, alignment, caller...);
        } else if (alignment > default_alignment) {
            send_aligned(last_byte(offset, size), alignment, caller...);
        } else {
            send(op, last_byte(offset, size), caller...);
        }
    }

    template <class... Caller>
    [[gnu::always_inline]] void trace_dealloc(std::uint32_t offset, Caller... caller) noexcept
        requires is_asked<Caller...>
    {
        // Misuse is reported before it is found: a wrong offset must not become another word.
        if constexpr (Options::checking != check_level::none) offset = wire::saturated(offset);
        send(wire::operation::deallocate, offset, caller...);
    }

    template <class... Caller>
    void trace_grow_in_place(
        std::uint32_t offset, std::size_t /*old_size*/, std::size_t new_size, Caller... caller
    ) noexcept
        requires is_asked<Caller...>
    {
        if (is_of_region(offset)) {
            send_of_region(wire::operation::resize, offset, new_size, granule, caller...);
        } else {
            send(wire::operation::resize, last_byte(offset, new_size), caller...);
        }
    }

    template <class... Caller>
    void trace_shrink_in_place(
        std::uint32_t offset, std::size_t old_size, std::size_t new_size, Caller... caller
    ) noexcept
        requires is_asked<Caller...>
    {
        trace_grow_in_place(offset, old_size, new_size, caller...);
    }

    template <class... Caller>
    [[gnu::noinline]] void
    trace_failed(std::size_t size, std::size_t alignment, Caller... caller) noexcept
        requires is_asked<Caller...>
    {
        send_event(
            {wire::operation::failed,
             wire::saturated(size == 0 ? 1 : size), // as last_byte() has it
             counted_log2(alignment),
             0,
             address(caller...)},
            caller...
        );
    }

    /// A check, so that what was sent since the last one is certain, too: for the end of a program.
    /// Waits for the link, whatever Options::trace_flow. Contexts as all else.
    [[gnu::cold, gnu::noinline]] void trace_end() noexcept {
        for (bool counted = false; port::wait();) {
            const masked_scope masked;
            if (events_ == 0 || is_new_listener()) return; // nothing was sent
            if (!port::ready() || write_due()) continue;
            if constexpr (tells_stacks) {
                if (stacks_.has_pending()) {
                    put(stacks_.next_word());
                    continue;
                }
            }
            if (write_left_out()) continue;
            if (counted) {
                announced_ = 0; // what was due before an event that did not come is due again
                return write_digest();
            }
            write_checkpoint();
            counted = true;
        }
        forget();
    }

private:
    using masked_scope = typename Options::core::critical_section;

    using stacks = std::conditional_t<
        tells_stacks,
        traced_stacks<typename Options::core, std::max(Options::trace_stacks, 1U), drops>,
        no_stacks>;
    using stack_told = typename stacks::told;

    static constexpr std::uint32_t flags = drops ? wire::flag_drops : 0;
    static constexpr auto announcement = wire::announce<has_region>(
        Options::layout,
        flags,
        0,
        tells_stacks ? wire::version_with_stacks : wire::version_without_stacks
    );

    /// An event before it has a number, and what its prefix words say.
    struct plain_event {
        wire::operation op;
        std::uint32_t data;
        std::uint32_t alignment_log2; ///< 0: no alignment word
        std::uint32_t size;           ///< 0: no size word
        std::uint32_t caller;
    };

    struct event_of_stack {
        wire::operation op;
        std::uint32_t data;
        std::uint32_t alignment_log2;
        std::uint32_t size;
        std::uint32_t caller; ///< is not told
        const stack_told* stack = nullptr;
    };
    using event = std::conditional_t<tells_stacks, event_of_stack, plain_event>;

    static std::uint32_t last_byte(std::uint32_t offset, std::size_t size) noexcept {
        // No block has 0 bytes: a size of 0 is reported as 1.
        return offset + static_cast<std::uint32_t>(size == 0 ? 0 : size - 1);
    }
    static std::uint32_t log2(std::size_t alignment) noexcept {
        return static_cast<std::uint32_t>(std::countr_zero(alignment));
    }
    /// Of an alignment that the compiler does not know: cores without an instruction for it would
    /// call a library.
    static std::uint32_t counted_log2(std::size_t alignment) noexcept {
        std::uint32_t log2 = 0;
        while ((alignment >>= 1U) != 0)
            ++log2;
        return log2;
    }
    static std::uint32_t address() noexcept { return 0; }
    static std::uint32_t address(const void* caller) noexcept {
        return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(caller));
    }
    static std::uint32_t address(call_site caller) noexcept { return address(caller.address); }

    template <class... Caller>
    [[gnu::always_inline]] void
    send(wire::operation op, std::uint32_t data, Caller... caller) noexcept {
        if constexpr (tells_stacks) {
            send_of_stack(caller..., wire::event(op, 0, data));
        } else if constexpr (tells_callers) {
            send_after_caller(op, data, address(caller...));
        } else if (!try_send(op, data)) [[unlikely]] {
            send_slowly(op, data, caller...);
        }
    }

    /// The event, still without a number, and before it the identifier of the stack that asked, where
    /// that is not the one before. Four words of arguments stay in registers.
    [[gnu::noinline]] void send_of_stack(call_site caller, wire::word numberless) noexcept {
        stack_told told;
        stacks_.walk(caller, told);
        event e; // its address says whose prefix is on the wire
        if (const said out = try_stack(e, told, numberless); out != said::nothing) [[likely]] {
            if (out == said::all || try_event(e, numberless.op(), numberless.data())) [[likely]]
                return;
        }
        e = {numberless.op(), numberless.data(), 0, 0, 0, &told};
        send_event(e);
    }
    enum class said : std::uint8_t { nothing, stack, all };
    [[gnu::always_inline]] said
    try_stack(const event& e, const stack_told& told, wire::word numberless) noexcept {
        const masked_scope masked;
        const std::uint32_t number = events_;
        if (!is_free_for(number) || !stacks_.is_announced(told)) [[unlikely]]
            return said::nothing;
        if (stacks_.is_current(told)) {
            put(wire::event(numberless.op(), number, numberless.data()));
            events_ = number + 1;
            return said::all;
        }
        put(stacks_.say(told));
        open_ = &e;
        opened_at_ = number;
        said_ = 0;
        return said::stack;
    }

    /// The event with who asked in front of it: a masked stretch for each of the two words.
    [[gnu::always_inline]] void
    send_after_caller(wire::operation op, std::uint32_t data, std::uint32_t caller) noexcept {
        event e; // its address says whose prefix is on the wire
        if (try_caller(e, caller) && try_event(e, op, data)) [[likely]]
            return;
        send_opened(e, op, data, caller);
    }
    [[gnu::noinline]] void
    send_opened(event& e, wire::operation op, std::uint32_t data, std::uint32_t caller) noexcept {
        e = {op, data, 0, 0, caller};
        send_event(e);
    }
    [[gnu::always_inline]] bool try_caller(const event& e, std::uint32_t caller) noexcept {
        const masked_scope masked;
        const std::uint32_t number = events_;
        if (!is_free_for(number)) [[unlikely]]
            return false;
        put(wire::caller(caller));
        open_ = &e;
        opened_at_ = number;
        said_ = caller_said;
        return true;
    }
    [[gnu::always_inline]] bool
    try_event(const event& e, wire::operation op, std::uint32_t data) noexcept {
        const masked_scope masked;
        const std::uint32_t number = events_;
        if (!port::ready() || open_ != &e || opened_at_ != number || is_new_listener()) [[unlikely]]
            return false;
        if constexpr (drops) {
            if (dropped_ != 0) return false;
        }
        put(wire::event(op, number, data));
        events_ = number + 1;
        open_ = nullptr;
        return true;
    }

    /// Whether the port takes a word now, and no other is due before event `number`.
    [[gnu::always_inline]] bool is_free_for(std::uint32_t number) noexcept {
        if (!port::ready() || is_check_due(number) || is_new_listener()) return false;
        if constexpr (drops) {
            if (dropped_ != 0) return false;
        }
        if constexpr (tells_contexts) {
            if (context_ != Options::trace_context::current()) return false;
        }
        return true;
    }

    /// Whether the event went out: the port need not be waited for, and nothing else is due.
    [[gnu::always_inline]] bool try_send(wire::operation op, std::uint32_t data) noexcept {
        // An interrupt must not take the place in the FIFO or the number.
        const masked_scope masked;
        const std::uint32_t number = events_;
        if (!is_free_for(number)) [[unlikely]]
            return false;
        put(wire::event(op, number, data));
        events_ = number + 1;
        return true;
    }

    /// Whether a check goes before event `number`.
    [[gnu::always_inline]] static bool is_check_due(std::uint32_t number) noexcept {
        return number << (32 - std::countr_zero(check_period)) == 0; // % takes one instruction more
    }

    // Not inlined, and given scalars: what waits needs a frame, what need not shall have none.
    template <class... Caller>
    [[gnu::noinline]] void
    send_slowly(wire::operation op, std::uint32_t data, Caller... caller) noexcept {
        send_event({op, data, 0, 0, address(caller...)}, caller...);
    }
    template <class... Caller>
    [[gnu::noinline]] void
    send_aligned(std::uint32_t data, std::size_t alignment, Caller... caller) noexcept {
        send_event(
            {wire::operation::allocate_aligned, data, log2(alignment), 0, address(caller...)},
            caller...
        );
    }

    static constexpr bool is_of_region([[maybe_unused]] std::uint32_t offset) noexcept {
        if constexpr (has_region) return offset >= Options::layout.region.first_block();
        return false;
    }
    /// A block of the region is reported by its start and size.
    template <class... Caller>
    [[gnu::always_inline]] void send_of_region(
        wire::operation op,
        std::uint32_t offset,
        std::size_t size,
        std::size_t alignment,
        Caller... caller
    ) noexcept {
        if constexpr (has_region) {
            constexpr wire::region_code code(
                Options::layout.region.first_block(),
                Options::layout.size,
                Options::layout.alignment
            );
            const std::uint32_t data = code.encode(offset, size);
            if (size <= code.size_limit() && alignment <= default_alignment)
                return send(op, data, caller...);
            const std::uint32_t log = alignment <= default_alignment ? 0 : log2(alignment);
            const std::uint32_t told = size <= code.size_limit() ? 0 : wire::saturated(size);
            send_with_more(op, data, log, told, caller...);
        }
    }
    template <class... Caller>
    [[gnu::noinline]] void send_with_more(
        wire::operation op,
        std::uint32_t data,
        std::uint32_t alignment_log2,
        std::uint32_t size,
        Caller... caller
    ) noexcept {
        send_event({op, data, alignment_log2, size, address(caller...)}, caller...);
    }

    void send_event(event e, call_site caller) noexcept
        requires tells_stacks
    {
        stack_told told;
        stacks_.walk(caller, told);
        e.stack = &told;
        send_event(e);
    }
    void send_event(const event& e, const void* /*caller*/) noexcept
        requires(!tells_stacks)
    {
        send_event(e);
    }

    /// One word in each masked stretch, until the event is out.
    void send_event(const event& e) noexcept {
        // NOLINTNEXTLINE(misc-const-correctness): clang-tidy passes over the branch that writes it.
        bool waits = !drops;
        do {
            const masked_scope masked;
            if (port::ready()) {
                if (write_next(e)) return;
            } else if (drops && open_ != &e) {
                ++dropped_;
                return;
            }
            // A prefix without its event would be useless.
            if constexpr (drops) waits = open_ == &e;
        } while (!waits || port::wait());
        forget();
    }

    /// Writes the next word on the way to the event; true when it is the event. Whoever preempts
    /// continues where we are: with the announcement, not with the prefix of our event.
    bool write_next(const event& e) noexcept {
        if (is_new_listener()) begin_anew();
        if (write_due()) return false;
        if (open_ != &e || opened_at_ != events_) { // or another event took our prefix
            open_ = &e;
            opened_at_ = events_;
            said_ = 0;
        }
        if (write_prefix(e)) return false;
        put(wire::event(e.op, events_, e.data));
        pass(1);
        open_ = nullptr;
        return true;
    }

    /// Whether a word was due before the next event, which was then written.
    bool write_due() noexcept {
        if (is_check_due(events_) && write_announcement()) return true;
        if constexpr (drops) {
            while (dropped_ != 0) {
                pass_dropped();
                if (is_check_due(events_) && write_announcement()) return true;
            }
        }
        return false;
    }

    /// Gives numbers to so many events.
    void pass(std::uint32_t events) noexcept {
        if (is_check_due(events_)) announced_ = 0;
        events_ += events;
    }

    /// Numbers events that were dropped, which is how a reader sees that they are missing, as far
    /// as the next check.
    void pass_dropped() noexcept {
        if constexpr (tells_stacks) stacks_.forget_current(); // as a reader does
        const std::uint32_t events = std::min(dropped_, check_period - events_ % check_period);
        pass(events);
        dropped_ -= events;
        left_out_ += events;
    }

    /// Whether a word of the announcement or check before this event was still due.
    bool write_announcement() noexcept {
        const bool whole = events_ % period == 0;
        const std::uint32_t index = announced_ + (whole ? 0 : first_check_word);
        if (index == words) return false;
        if (index == first_check_word && write_left_out()) return true;
        ++announced_;
        if (index < first_check_word) {
            put(announced_word(index));
        } else if (index == first_check_word) {
            write_checkpoint();
        } else {
            write_digest();
        }
        return true;
    }

    /// A word of the announcement before its check.
    wire::word announced_word(std::uint32_t index) noexcept {
        const bool continues = events_ != 0;
        if (index == identity_word)
            return wire::make_control(wire::control::identity, build_identity());
        if (index == layout_end_word)
            return wire::make_layout_end(announcement.seed, build_identity(), continues);
        if (index != 0) return announcement.at[index];
        if (continues) {
            // Never 0 again, which would be a pause; the wire shows the same.
            events_ = (events_ & wire::data_mask) | (wire::data_mask + 1);
        } else {
            digest_ = announcement.seed;
        }
        context_ = wire::context_limit;
        if constexpr (tells_stacks) stacks_.begin_anew();
        return wire::with_flags(announcement.at[0], flags | (continues ? wire::flag_continues : 0));
    }

    /// Whether the count of dropped events had to go first.
    bool write_left_out() noexcept {
        if constexpr (drops) {
            if (left_out_ != 0) {
                put(wire::make_control(wire::control::dropped, left_out_));
                left_out_ = 0;
                return true;
            }
        }
        return false;
    }

    void write_checkpoint() noexcept {
        put(wire::make_control(wire::control::checkpoint, events_));
        open_ = nullptr; // a reader forgets prefixes at a check
        if constexpr (tells_stacks) stacks_.forget_current();
    }

    void write_digest() noexcept {
        port::write_now(wire::make_digest(digest_).bits);
        digest_ = announcement.seed;
    }

    /// Whether a prefix word was still due before this event.
    bool write_prefix(const event& e) noexcept {
        if constexpr (tells_contexts) {
            const std::uint32_t context = Options::trace_context::current();
            if (context_ != context) {
                context_ = context;
                put(wire::make_control(wire::control::context, context));
                return true;
            }
        }
        if constexpr (tells_stacks) {
            if (write_stack(*e.stack)) return true;
        }
        if constexpr (tells_callers) {
            if ((said_ & caller_said) == 0) {
                said_ |= caller_said;
                put(wire::caller(e.caller));
                return true;
            }
        }
        if (e.alignment_log2 != 0 && (said_ & alignment_said) == 0) {
            said_ |= alignment_said;
            put(wire::make_alignment(e.alignment_log2, wire::event(e.op, 0, e.data)));
            return true;
        }
        if constexpr (has_region) {
            if (e.size != 0 && (said_ & size_said) == 0) {
                said_ |= size_said;
                put(wire::make_control(wire::control::size, e.size));
                return true;
            }
        }
        return false;
    }

    /// Whether a word was still due: of the announcement of a stack, or the identifier of this one.
    /// While the link is busy, a program that must not wait sends a word of an announcement with each
    /// event.
    bool write_stack(const stack_told& told) noexcept {
        if (!stacks_.has_pending() && !stacks_.is_announced(told)) stacks_.begin(told);
        if (stacks_.has_pending() && (!drops || (said_ & frame_said) == 0)) {
            said_ |= frame_said;
            put(stacks_.next_word());
            return true;
        }
        if (stacks_.is_current(told)) return false;
        put(stacks_.say(told));
        return true;
    }

    /// A word that is not a digest.
    [[gnu::always_inline]] void put(wire::word w) noexcept {
        port::write_now(w.bits);
        digest_ = wire::digest(digest_, w);
    }

    /// Nobody listens any more.
    void forget() noexcept {
        const masked_scope masked;
        begin_anew();
    }
    void begin_anew() noexcept {
        events_ = 0;
        announced_ = 0;
        dropped_ = 0;
        left_out_ = 0;
        open_ = nullptr;
        if constexpr (counts_listeners) listener_.number = Options::carrier::listener();
        if constexpr (tells_stacks) stacks_.begin_anew();
    }

    /// Whether the carrier has another listener than the one that was written to: nobody listened in
    /// between, though no operation saw that. Masked, and only where the port is ready.
    [[gnu::always_inline]] bool is_new_listener() const noexcept {
        if constexpr (counts_listeners) return listener_.number != Options::carrier::listener();
        return false;
    }

    struct last_listener {
        std::uint32_t number = 0;
    };
    struct no_listener {};

    static constexpr std::uint32_t alignment_said = 1;
    static constexpr std::uint32_t caller_said = 2;
    static constexpr std::uint32_t size_said = 4;
    static constexpr std::uint32_t frame_said = 8;

    // What is on the wire. Changed with interrupts masked. All zero at first, so traced heaps are in
    // .bss, too.
    std::uint32_t events_ = 0;    ///< numbered since somebody listens; 0: there was a pause
    std::uint32_t digest_ = 0;    ///< since the last check
    std::uint32_t announced_ = 0; ///< words of what is due before event `events_`
    std::uint32_t dropped_ = 0;   ///< and not numbered yet
    std::uint32_t left_out_ = 0;  ///< dropped, numbered, and not reported yet
    const event* open_ = nullptr; ///< whose prefix is on the wire
    std::uint32_t opened_at_ = 0; ///< `events_` then: another event may have that number by now
    std::uint32_t said_ = 0;      ///< of the open event
    std::uint32_t context_ = 0;   ///< the last one sent since the announcement
    [[no_unique_address]] std::conditional_t<counts_listeners, last_listener, no_listener>
        listener_;
    [[no_unique_address]] stacks stacks_;
};

} // namespace drone
