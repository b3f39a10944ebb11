/* SPDX-License-Identifier: MIT
 *
 * What drone_trace.h declares: the native trace (docs/formats.md, version 2) of blocks whose layout is
 * not known, word for word as include/drone/native_tracer.hpp sends it; a test compares them.
 *
 *      word:  op << 29 | number << 24 | data
 *
 * Each heap has one small state, read and changed with interrupts masked, together with the one word
 * that is written. Whoever preempts carries on with it. All waiting is unmasked.
 */
#define _POSIX_C_SOURCE 200809L
#include "drone_trace.h"

#include "drone_trace_carriers.h" /* settings, how interrupts are masked, where words go */

/* -- Words ------------------------------------------------------------------------------------------- */

enum { op_allocate, op_deallocate, op_resize, op_failed, op_allocate_aligned = 7 };
enum { begin_word, heap_size_word, layout_end_word = 4, checkpoint_word, dropped_word };
enum { alignment_word = 7, context_word = 9, identity_word, region_word, size_word };

#define DATA_MASK 0xFFFFFFU
#define HEAP_LIMIT 0x1000000U
#define NO_CONTEXT 0xFFFFU

/* An announcement: begin, heap size, region, identity, layout end, a check (checkpoint, digest). */
enum { first_check = 5, announcement = 7 };
enum { version = DRONE_TRACE_STACKS ? 3 : 2, flags = DRONE_TRACE_DROP ? 4 : 0 };
/* Events between two announcements and between two checks. */
enum { period = DRONE_TRACE_PERIOD, check_period = period < 512 ? period : 512 };

/* Before it has a number: its word without it, and the words that say something of it first. */
struct event {
    uint32_t word, words, first[3];
    const struct told* stack; /* where stacks are told */
};

static struct heap {
    uintptr_t base;
    uint32_t layout[5];       /* words of an announcement before its check; 0: there is no heap */
    uint32_t seed;            /* of digests: the checksum of the layout's words */
    uint32_t units;           /* in which blocks begin */
    uint32_t code_limit;      /* codes of a size below it say it */
    uint32_t events;          /* numbered since somebody listens; 0: there was a pause */
    uint32_t digest;          /* since the last check */
    uint32_t dropped;         /* and not numbered yet */
    uint32_t left_out;        /* dropped, numbered, and not told yet */
    const struct event* open; /* what was said of it is on the wire */
    uint16_t context;         /* the last that was said since the announcement */
    uint8_t announced;        /* words of what is due before event `events` */
    uint8_t said;             /* words of the open event */
    uint8_t unit_log2;
    uint8_t depth;      /* of nested calls of the C library's heap, which is the first */
    uint16_t opened_at; /* low bits of `events` then: another event may have that number now */
#ifdef DRONE_TRACE_CONTEXT_NAME
    uint32_t named;  /* contexts since the announcement, modulo 32 */
    uint16_t naming; /* the context whose name is being said */
    uint16_t letters;
#endif
} heaps[DRONE_TRACE_HEAPS];

static const struct event ending; /* none, but one more check */

static uint32_t port_of(const struct heap* h) { return TRACE_PORT(h - heaps); }

static uint32_t control(uint32_t sub, uint32_t data) { return 5U << 29 | sub << 24 | data; }

static uint32_t digested(uint32_t sum, uint32_t word) {
    sum ^= sum << 8;
    sum ^= sum >> 17;
    return (sum << 4 | sum >> 28) ^ word;
}

/* -- Sending: with interrupts masked, one word of what is due -------------------------------------- */

static int put(struct heap* h, uint32_t word) {
    carrier_write(port_of(h), word);
    h->digest = digested(h->digest, word);
    return 1;
}

static int put_digest(struct heap* h) {
    put(h, 11U << 28 | digested(h->digest, 0) >> 4);
    h->digest = h->seed;
    return 1;
}

#include "drone_trace_stacks.h"

/* A reader forgets at a check what was said. */
static int put_checkpoint(struct heap* h, const struct event* open) {
    h->open = open;
    forget_stack(h);
#ifdef DRONE_TRACE_CONTEXT_NAME
    h->naming = NO_CONTEXT;
#endif
    return put(h, control(checkpoint_word, h->events & DATA_MASK));
}

static int put_left_out(struct heap* h) {
    if (!DRONE_TRACE_DROP || h->left_out == 0) return 0;
    put(h, control(dropped_word, h->left_out));
    h->left_out = 0;
    return 1;
}

static int check_is_due(const struct heap* h) { return h->events % check_period == 0; }

/* Gives numbers to so many events. */
static void pass(struct heap* h, uint32_t events) {
    if (check_is_due(h)) h->announced = 0;
    h->events += events;
}

/* Whether a word of the announcement or the check before this event was due. */
static int put_announcement(struct heap* h) {
    const unsigned index = h->announced + (h->events % period == 0 ? 0U : first_check);
    const uint32_t continues = h->events != 0; /* a flag */
    uint32_t word;
    if (index == announcement) return 0;
    if (index == first_check && put_left_out(h)) return 1;
    ++h->announced;
    if (index > first_check) return put_digest(h);
    if (index == first_check) return put_checkpoint(h, NULL);
    word = h->layout[index];
    if (index == 4) word ^= continues;
    if (index == 0) {
        word |= continues << 12;
        if (continues) /* never 0 again, which would be a pause */
            h->events = (h->events & DATA_MASK) | (DATA_MASK + 1);
        else
            h->digest = h->seed;
        h->context = NO_CONTEXT;
        forget_stacks(h);
#ifdef DRONE_TRACE_CONTEXT_NAME
        h->named = 0;
#endif
    }
    return put(h, word);
}

/* Whether a word was due before the next event. Dropped events have numbers, as far as the next check:
 * that is how a reader sees that they are missing. */
static int put_due(struct heap* h) {
    if (check_is_due(h) && put_announcement(h)) return 1;
    while (DRONE_TRACE_DROP && h->dropped != 0) {
        const uint32_t room = check_period - h->events % check_period;
        const uint32_t events = h->dropped < room ? h->dropped : room;
        forget_stack(h); /* as a reader does */
        pass(h, events);
        h->dropped -= events;
        h->left_out += events;
        if (check_is_due(h) && put_announcement(h)) return 1;
    }
    return 0;
}

/* Whether the context was to be said: the letters of its name, the first time, and then its number. */
static int put_context(struct heap* h) {
    const uint32_t context = (uint32_t)(DRONE_TRACE_CONTEXT());
    if (context == NO_CONTEXT || h->context == context) return 0;
#ifdef DRONE_TRACE_CONTEXT_NAME
    if (h->naming != context) h->naming = (uint16_t)context, h->letters = 0;
    if ((h->named >> context % 32 & 1U) == 0) {
        const char* const name = DRONE_TRACE_CONTEXT_NAME();
        const uint32_t letter = name == NULL ? 0 : (unsigned char)name[h->letters++];
        if (letter != 0) return put(h, control(context_word, letter << 16 | context));
        if (name != NULL) h->named |= 1U << context % 32;
    }
#endif
    h->context = (uint16_t)context;
    return put(h, control(context_word, context));
}

/* The next word on the way to the event; true when it is the event. */
static int put_next(struct heap* h, const struct event* e) {
    if (put_due(h)) return 0;
    if (e == &ending && (put_rest_of_stack(h) || put_left_out(h))) return 0;
    if (h->open != e || h->opened_at != (uint16_t)h->events) { /* or another took what was said */
        h->open = e;
        h->opened_at = (uint16_t)h->events;
        h->said = 0;
    }
    if (e == &ending) {
        if (h->said++ == 0) return !put_checkpoint(h, e);
        h->open = NULL;
        h->announced = 0; /* what was due before an event that did not come is due again */
        return put_digest(h);
    }
    if (put_context(h) || put_stack(h, e)) return 0;
    if (h->said < e->words) return !put(h, e->first[h->said++]);
    put(h, e->word | (h->events & 31U) << 24);
    pass(h, 1);
    h->open = NULL;
    return 1;
}

/* Until the port takes a word; false when nobody listens any more. */
static int wait(struct heap* h) {
    while (!carrier_ready(port_of(h)))
        if (!carrier_enabled(port_of(h)) || !carrier_running()) {
            const uint32_t before = DRONE_TRACE_MASK();
            h->open = NULL, h->events = h->announced = 0;
            if (DRONE_TRACE_DROP) h->dropped = h->left_out = 0;
            DRONE_TRACE_UNMASK(before);
            return 0;
        }
    return 1;
}

static void send(struct heap* h, const struct event* e) {
    int waits = !DRONE_TRACE_DROP;
    do {
        const uint32_t before = DRONE_TRACE_MASK();
        int done = 0;
        if (carrier_ready(port_of(h)))
            done = put_next(h, e);
        else if (DRONE_TRACE_DROP && h->open != e && e != &ending)
            done = ++h->dropped != 0;
        /* What was said of an event would be in vain without it. */
        if (DRONE_TRACE_DROP) waits = h->open == e || e == &ending;
        DRONE_TRACE_UNMASK(before);
        if (done) return;
    } while (!waits || wait(h));
}

/* -- What the header declares ---------------------------------------------------------------------- */

/* Whether somebody listens to a heap; if not, the next who does is told that there was a pause. */
static int is_heard(struct heap* h) {
    if (carrier_enabled(port_of(h))) return 1;
    h->events = 0;
    if (DRONE_TRACE_DROP) h->announced = 0, h->dropped = h->left_out = 0;
    return 0;
}

/* The heap that holds an address, if somebody listens to it. */
static struct heap* heard(const void* place) {
    for (struct heap* h = heaps; h != heaps + DRONE_TRACE_HEAPS; ++h)
        if (h->layout[0] != 0 && (uintptr_t)place - h->base <= (h->layout[1] & DATA_MASK))
            return is_heard(h) ? h : NULL;
    return NULL;
}

static __attribute__((noinline)) void
report(uint32_t op, const void* place, size_t asked, size_t alignment, const void* caller) {
    struct heap* const h = heard(place);
    struct event e;
    uint32_t data;
    if (h == NULL) return;
    data = (uint32_t)((uintptr_t)place - h->base);
    e.words = 0;
    TELL_STACK(e, caller);
    if (DRONE_TRACE_CALLERS)
        e.first[e.words++] = 4U << 29 | (uint32_t)((uintptr_t)caller >> 1 & 0x1FFFFFFFU);
    if (op != op_deallocate) {
        const uint32_t size = asked == 0 ? 1 : asked < DATA_MASK ? (uint32_t)asked : DATA_MASK;
        const uint32_t code = size > h->code_limit ? h->code_limit : size - 1;
        uint32_t log2 = 0;
        if (alignment > 8)
            log2 = alignment > 32768 ? 15 : (uint32_t)__builtin_ctz((unsigned)alignment);
        data = op == op_failed ? size : (data >> h->unit_log2) + h->units * code;
        if (op == op_failed) log2 = 16U | (log2 != 0 ? log2 : h->unit_log2);
        if (log2 != 0) e.first[e.words++] = control(alignment_word, log2 << 19 | (data & 0x7FFFFU));
        if (op != op_failed && code == h->code_limit) /* it does not say the size */
            e.first[e.words++] = control(size_word, size);
        if (op == op_allocate && h->unit_log2 > 2) op = op_allocate_aligned;
    }
    e.word = op << 29 | data;
    send(h, &e);
}

void drone_trace_alloc_from(const void* block, size_t asked, size_t alignment, const void* caller) {
    const void* const place = block != NULL ? block : (const void*)heaps[0].base;
    report(block != NULL ? op_allocate : op_failed, place, asked, alignment, caller);
}

void drone_trace_resize_from(const void* block, size_t asked, const void* caller) {
    report(op_resize, block, asked, 0, caller);
}

void drone_trace_free_from(const void* block, const void* caller) {
    if (block != NULL) report(op_deallocate, block, 0, 0, caller);
}

void drone_trace_failed_from(const void* place, size_t asked, const void* caller) {
    report(op_failed, place != NULL ? place : (const void*)heaps[0].base, asked, 0, caller);
}

void drone_trace_heap(const void* base, size_t size, size_t alignment) {
    const uintptr_t first = (uintptr_t)base & ~((uintptr_t)alignment - 1);
    const size_t whole = (size < HEAP_LIMIT ? size : HEAP_LIMIT) + ((uintptr_t)base - first);
    const uint32_t last = (uint32_t)(whole < HEAP_LIMIT ? whole : HEAP_LIMIT) - 1;
    struct heap* h = heaps;
    unsigned i, log2 = 0;
    for (; h->layout[0] != 0; ++h)
        if (h->base == first || h + 1 == heaps + DRONE_TRACE_HEAPS) return; /* known, or too many */
    while (log2 < 15 && (size_t)2 << log2 <= alignment) /* the word has room for 15 */
        ++log2;
    h->base = first;
    h->unit_log2 = (uint8_t)(log2 < 3 ? log2 : 3);
    h->units = (last >> h->unit_log2) + 1;
    h->code_limit = HEAP_LIMIT / h->units - 1;
    h->layout[0] = control(begin_word, version << 16 | flags << 12 | log2 << 8);
    h->layout[1] = control(heap_size_word, last);
    h->layout[2] = control(region_word, 0);
    h->layout[3] = control(identity_word, identity());
    for (h->seed = i = 0; i < 3; ++i)
        h->seed = ((h->seed << 7 | h->seed >> 17) + h->layout[i] * 0x9E3779B1U / 256) & DATA_MASK;
    h->layout[4] = control(layout_end_word, h->seed ^ (h->layout[3] & DATA_MASK));
}

int drone_trace_pump(void) { return carrier_pump(); }

void drone_trace_end(void) {
    for (struct heap* h = heaps; h != heaps + DRONE_TRACE_HEAPS; ++h)
        if (h->events != 0) send(h, &ending);
    while (drone_trace_pump()) {
    }
}

/* -- Wrappers of a C library's allocator ------------------------------------------------------------
 * The linker puts them between it and who calls it. realloc and memalign call malloc and free, and what
 * they shift or cut off is not a block of the program: only the outermost call is reported, under the
 * allocator's lock. "undefined reference to __real_...": a linker's flag is missing, or another heap
 * than the library's is traced: DRONE_TRACE_WRAP 0. */
#if DRONE_TRACE_WRAP != 0

/* Locks the allocator until leave(). While nobody listens a wrapper is a branch to what it wraps. */
static __attribute__((noinline)) int enter(OWNED) {
    int any = 0;
    for (struct heap* h = heaps; h != heaps + DRONE_TRACE_HEAPS; ++h)
        any |= is_heard(h);
    if (!any) return 0;
    if (heaps[0].layout[0] == 0)
        drone_trace_heap(DRONE_TRACE_HEAP_BASE, DRONE_TRACE_HEAP_SIZE, DRONE_TRACE_HEAP_ALIGNMENT);
    LOCK();
    ++heaps[0].depth;
    return 1;
}

static __attribute__((noinline)) void leave(OWNED) {
    --heaps[0].depth;
    UNLOCK();
}

#define TAKES(call, asked, alignment)                                                              \
    if (!enter(OWNER)) return call;                                                                \
    void* const block = call;                                                                      \
    if (heaps[0].depth == 1) drone_trace_alloc_from(block, asked, alignment, CALLER);              \
    leave(OWNER);                                                                                  \
    return block

WRAPPER(void*, malloc, (WHOSE size_t asked)) { TAKES(REAL(malloc)(GIVEN asked), asked, 0); }

WRAPPER(void, free, (WHOSE void* block)) {
    if (!enter(OWNER)) {
        REAL(free)(GIVEN block);
        return;
    }
    if (heaps[0].depth == 1) drone_trace_free_from(block, CALLER);
    REAL(free)(GIVEN block);
    leave(OWNER);
}

WRAPPER(void*, realloc, (WHOSE void* old, size_t asked)) {
    if (!enter(OWNER)) return REAL(realloc)(GIVEN old, asked);
    void* const block = REAL(realloc)(GIVEN old, asked);
    if (heaps[0].depth == 1 && block == old && old != NULL) {
        drone_trace_resize_from(old, asked, CALLER);
    } else if (heaps[0].depth == 1) {
        const int freed = old != NULL && (block != NULL || asked == 0);
        /* A block that grew downwards lies over its old place. */
        const int overlaps = freed && (uintptr_t)old - (uintptr_t)block < asked;
        if (overlaps) drone_trace_free_from(old, CALLER);
        if (block != NULL || asked != 0) drone_trace_alloc_from(block, asked, 0, CALLER);
        if (freed && !overlaps) drone_trace_free_from(old, CALLER);
    }
    leave(OWNER);
    return block;
}

#ifdef DRONE_TRACE_WRAP_MORE
WRAPPER(void*, memalign, (WHOSE size_t alignment, size_t asked)) {
    TAKES(REAL(memalign)(GIVEN alignment, asked), asked, alignment);
}
WRAPPER(void*, calloc, (WHOSE size_t count, size_t size)) {
    TAKES(
        REAL(calloc)(GIVEN count, size),
        block == NULL && size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size,
        0
    );
}
#if DRONE_TRACE_WRAP == 2
WRAPPER(void*, aligned_alloc, (size_t alignment, size_t asked)) {
    TAKES(REAL(aligned_alloc)(alignment, asked), asked, alignment);
}
#endif
#endif
#endif
