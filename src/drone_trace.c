/* SPDX-License-Identifier: MIT
 *
 * What drone_trace.h declares: the native trace (docs/formats.md, version 2) of blocks whose layout is
 * not known. It sends word for word what include/drone/native_tracer.hpp sends of such a heap; a test
 * compares them.
 *
 *      word:  op << 29 | number << 24 | data
 *
 * Each heap has one small state, read and changed with interrupts masked, together with the one word
 * that is written. Whoever preempts carries on with it. All waiting is unmasked.
 */
#define _POSIX_C_SOURCE 200809L
#include "drone_trace.h"

#ifdef DRONE_TRACE_CONFIG
#include DRONE_TRACE_CONFIG
#elif !defined __has_include
#include "drone_trace_config.h"
#elif __has_include("drone_trace_config.h")
#include "drone_trace_config.h"
#endif

#if defined __ARM_ARCH_6M__ || defined __ARM_ARCH_7M__ || defined __ARM_ARCH_7EM__ ||              \
    defined __ARM_ARCH_8M_BASE__ || defined __ARM_ARCH_8M_MAIN__ || defined __ARM_ARCH_8_1M_MAIN__
#define ARM_M 1
#endif
#if !defined DRONE_TRACE_ITM && !defined DRONE_TRACE_UART && !defined DRONE_TRACE_RAM_RING &&      \
    !defined DRONE_TRACE_SEMIHOSTING && !defined DRONE_TRACE_FILE && !defined DRONE_TRACE_CUSTOM
#if defined ARM_M && !defined __ARM_ARCH_6M__ && !defined __ARM_ARCH_8M_BASE__
#define DRONE_TRACE_ITM 1
#elif defined __linux__
#define DRONE_TRACE_FILE 1
#else
#define DRONE_TRACE_RAM_RING 1
#endif
#endif
#ifndef DRONE_TRACE_CALLERS
#define DRONE_TRACE_CALLERS 1
#endif
#ifndef DRONE_TRACE_DROP
#define DRONE_TRACE_DROP 0
#endif
#ifndef DRONE_TRACE_HEAPS
#define DRONE_TRACE_HEAPS 1
#endif

#include "drone_trace_carriers.h"

/* -- Words ------------------------------------------------------------------------------------------- */

enum {
    op_allocate = 0,
    op_deallocate = 1,
    op_resize = 2,
    op_failed = 3,
    op_allocate_aligned = 7,
    op_end = 8 /* no event: one more check */
};
enum {
    begin_word = 0,
    heap_size_word = 1,
    region_word = 11,
    dropped_word = 6,
    alignment_word = 7,
    context_word = 9,
    identity_word = 10,
    size_word = 12,
    layout_end_word = 4,
    checkpoint_word = 5
};

#define DATA_MASK 0xFFFFFFU
#define HEAP_LIMIT 0x1000000U
#define FLAGS (DRONE_TRACE_DROP ? 4U : 0U)
#define CONTINUES 1U

/* An announcement: begin, heap size, region, identity, layout end, and a check: checkpoint, digest. */
enum { first_check = 5, announcement = 7 };

/* Events between two announcements and between two checks. A ring always holds a whole announcement. */
#define WORDS_AN_EVENT (4 + (DRONE_TRACE_CALLERS ? 2 : 0) + HAS_CONTEXT * 2)
#define WINDOW(n) (2 * announcement + (n) * WORDS_AN_EVENT + 2 * ((n) < 512 ? 1 : (n) / 512))
#define FITS(n) (WINDOW(n) <= DRONE_TRACE_RING_WORDS - 1)
#ifdef DRONE_TRACE_CONTEXT
#define HAS_CONTEXT 1
#else
#define HAS_CONTEXT 0
#define DRONE_TRACE_CONTEXT() 0
#endif
enum {
#ifdef DRONE_TRACE_PERIOD
    period = DRONE_TRACE_PERIOD,
#elif defined DRONE_TRACE_RAM_RING
    period = FITS(2048)   ? 2048
             : FITS(1024) ? 1024
             : FITS(512)  ? 512
             : FITS(256)  ? 256
             : FITS(128)  ? 128
             : FITS(64)   ? 64
             : FITS(32)   ? 32
             : FITS(16)   ? 16
             : FITS(8)    ? 8
             : FITS(4)    ? 4
             : FITS(2)    ? 2
                          : 1,
    ring_holds_an_announcement = 1 / (FITS(1) ? 1 : 0),
#else
    period = 2048,
#endif
    check_period = period < 512 ? period : 512
};

/* Before it has a number, with what is said of it first; 0: nothing to say. */
struct event {
    uint32_t op, data, alignment_log2, size, caller;
};
enum { caller_said = 1, alignment_said = 2, size_said = 4 };

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
    uint8_t said;             /* of the open event */
    uint8_t unit_log2;
    uint16_t opened_at; /* low bits of `events` then: another event may have that number now */
} heaps[DRONE_TRACE_HEAPS];

static uint32_t port_of(const struct heap* h) { return TRACE_PORT(h - heaps); }

static uint32_t control(uint32_t sub, uint32_t data) { return 5U << 29 | sub << 24 | data; }

static uint32_t digested(uint32_t sum, uint32_t word) {
    sum ^= sum << 8;
    sum ^= sum >> 17;
    return (sum << 4 | sum >> 28) ^ word;
}

#ifdef __ELF__
extern const unsigned char drone_build_id_begin[] __attribute__((weak));
extern const unsigned char drone_build_id_end[] __attribute__((weak));
#endif

/* First six digits of the build ID, where linker script and linker give one (drone/identity.hpp). */
static __attribute__((noinline)) uint32_t identity(void) {
#ifdef __ELF__
    const unsigned char* const id = drone_build_id_begin + 16;
    if ((uintptr_t)drone_build_id_end - (uintptr_t)drone_build_id_begin >= 19)
        return (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2];
#endif
    return 0;
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

static int put_checkpoint(struct heap* h) {
    h->open = NULL; /* a reader forgets at a check what was said */
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
    const uint32_t continues = h->events != 0 ? CONTINUES : 0;
    uint32_t word;
    if (index == announcement) return 0;
    if (index == first_check && put_left_out(h)) return 1;
    ++h->announced;
    if (index > first_check) return put_digest(h);
    if (index == first_check) return put_checkpoint(h);
    word = h->layout[index];
    if (index == 4) word ^= continues;
    if (index == 0) {
        word |= continues << 12;
        if (continues) /* never 0 again, which would be a pause */
            h->events = (h->events & DATA_MASK) | (DATA_MASK + 1);
        else
            h->digest = h->seed;
        h->context = 0xFFFF;
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
        pass(h, events);
        h->dropped -= events;
        h->left_out += events;
        if (check_is_due(h) && put_announcement(h)) return 1;
    }
    return 0;
}

/* Whether something still had to be said of this event. */
static int put_prefix(struct heap* h, const struct event* e) {
    if (HAS_CONTEXT) {
        const uint32_t context = (uint32_t)(DRONE_TRACE_CONTEXT());
        if (h->context != context) {
            h->context = (uint16_t)context;
            return put(h, control(context_word, context));
        }
    }
    if (DRONE_TRACE_CALLERS && (h->said & caller_said) == 0) {
        h->said |= caller_said;
        return put(h, 4U << 29 | (e->caller >> 1 & 0x1FFFFFFFU));
    }
    if (e->alignment_log2 != 0 && (h->said & alignment_said) == 0) {
        const uint32_t fails = e->op == op_failed ? 1U << 23 : 0;
        h->said |= alignment_said;
        return put(
            h, control(alignment_word, fails | e->alignment_log2 << 19 | (e->data & 0x7FFFFU))
        );
    }
    if (e->size != 0 && (h->said & size_said) == 0) {
        h->said |= size_said;
        return put(h, control(size_word, e->size));
    }
    return 0;
}

/* The next word on the way to the event; true when it is the event. */
static int put_next(struct heap* h, const struct event* e) {
    if (put_due(h)) return 0;
    if (e->op == op_end && put_left_out(h)) return 0;
    if (h->open != e || h->opened_at != (uint16_t)h->events) { /* or another took what was said */
        h->open = e;
        h->opened_at = (uint16_t)h->events;
        h->said = 0;
    }
    if (e->op == op_end) {
        if ((h->said ^= caller_said) != 0) {
            put_checkpoint(h);
            h->open = e;
            return 0;
        }
        h->open = NULL;
        h->announced = 0; /* what was due before an event that did not come is due again */
        return put_digest(h);
    }
    if (put_prefix(h, e)) return 0;
    put(h, e->op << 29 | (h->events & 31U) << 24 | e->data);
    pass(h, 1);
    h->open = NULL;
    return 1;
}

/* Until the port takes a word; false when nobody listens any more. */
static int wait(struct heap* h) {
    while (!carrier_ready(port_of(h)))
        if (!carrier_enabled(port_of(h)) || !carrier_running()) {
            const uint32_t before = DRONE_TRACE_MASK();
            h->events = h->announced = 0;
            if (DRONE_TRACE_DROP) h->dropped = h->left_out = 0;
            h->open = NULL;
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
        if (carrier_ready(port_of(h))) {
            done = put_next(h, e);
        } else if (DRONE_TRACE_DROP && h->open != e && e->op != op_end) {
            ++h->dropped;
            done = 1;
        }
        /* What was said of an event would be in vain without it. */
        if (DRONE_TRACE_DROP) waits = h->open == e || e->op == op_end;
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
    struct heap* h = heaps;
    for (; h != heaps + DRONE_TRACE_HEAPS; ++h)
        if (h->layout[0] != 0 && (uintptr_t)place - h->base <= (h->layout[1] & DATA_MASK))
            return is_heard(h) ? h : NULL;
    return NULL;
}

static void
report(uint32_t op, const void* place, size_t asked, size_t alignment, const void* caller) {
    struct heap* const h = heard(place);
    struct event e = {0, 0, 0, 0, 0};
    if (h == NULL) return;
    e.op = op;
    e.caller = (uint32_t)(uintptr_t)caller;
    e.data = (uint32_t)((uintptr_t)place - h->base);
    if (op != op_deallocate) {
        const uint32_t size = asked == 0 ? 1 : asked < DATA_MASK ? (uint32_t)asked : DATA_MASK;
        uint32_t code = size - 1;
        if (op == op_failed) {
            e.alignment_log2 = h->unit_log2;
            e.data = size;
        } else {
            if (size > h->code_limit) code = h->code_limit, e.size = size;
            if (op == op_allocate && h->unit_log2 > 2) e.op = op_allocate_aligned;
            e.data = (e.data >> h->unit_log2) + h->units * code;
        }
        if (alignment > 8) /* the word has room for 15 */
            e.alignment_log2 =
                alignment > 32768 ? 15 : (uint32_t)__builtin_ctz((unsigned)alignment);
    }
    send(h, &e);
}

void drone_trace_alloc_from(const void* block, size_t asked, size_t alignment, const void* caller) {
    if (block == NULL)
        drone_trace_failed_from(NULL, asked, caller);
    else
        report(op_allocate, block, asked, alignment, caller);
}

void drone_trace_resize_from(const void* block, size_t asked, const void* caller) {
    report(op_resize, block, asked, 0, caller);
}

void drone_trace_free_from(const void* block, const void* caller) {
    report(op_deallocate, block, 0, 0, caller);
}

void drone_trace_failed_from(const void* place, size_t asked, const void* caller) {
    report(op_failed, place != NULL ? place : (const void*)heaps[0].base, asked, 0, caller);
}

void drone_trace_heap(const void* base, size_t size, size_t alignment) {
    const uintptr_t first = (uintptr_t)base & ~((uintptr_t)alignment - 1);
    const size_t whole = size + ((uintptr_t)base - first);
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
    h->layout[0] = control(begin_word, 2U << 16 | FLAGS << 12 | log2 << 8);
    h->layout[1] = control(heap_size_word, last);
    h->layout[2] = control(region_word, 0);
    h->layout[3] = control(identity_word, identity());
    for (h->seed = i = 0; i < 3; ++i)
        h->seed = ((h->seed << 7 | h->seed >> 17) + h->layout[i] * 0x9E3779B1U / 256) & DATA_MASK;
    h->layout[4] = control(layout_end_word, h->seed ^ (h->layout[3] & DATA_MASK));
}

void drone_trace_end(void) {
    static const struct event end = {op_end, 0, 0, 0, 0};
    struct heap* h = heaps;
    for (; h != heaps + DRONE_TRACE_HEAPS; ++h)
        if (h->events != 0) send(h, &end);
    while (drone_trace_pump()) {
    }
}

int drone_trace_pump(void) {
#ifdef DRONE_TRACE_UART
    uint32_t before, left;
    do {
        before = sent;
        left = DRONE_TRACE_MASK();
        send_bytes(1);
        DRONE_TRACE_UNMASK(left);
    } while (sent != before);
    return sent != appended && DRONE_TRACE_UART_ENABLED();
#else
    return 0;
#endif
}

#include "drone_trace_wrap.h"
