/* SPDX-License-Identifier: MIT
 *
 * Part of drone_trace.c: with DRONE_TRACE_STACKS N, up to N frames of who asked, innermost first. The walk goes by the
 * frame table that `drone print frames` makes of the linked program (docs/stacks.md); without one a stack is one
 * frame. As include/drone/stack_walk.hpp and traced_stacks.hpp do it, which say why. */

#if DRONE_TRACE_STACKS == 0
#define TELL_STACK(e, caller) ((void)0)
#define put_stack(h, e) 0
#define put_rest_of_stack(h) 0
#define forget_stack(h) ((void)0)
#define forget_stacks(h) ((void)0)
#else

#if DRONE_TRACE_STACKS > 31
#error "DRONE_TRACE_STACKS is at most 31"
#endif

/* -- The walk ---------------------------------------------------------------------------------------- */

/* A stack, and the hash that names it. */
struct told {
    uint32_t frames[DRONE_TRACE_STACKS], count, key, is_whole;
};

static uint32_t add_frame(struct told* t, uint32_t hash, uint32_t address) {
    t->frames[t->count++] = address;
    return (hash << 7 | hash >> 25) + address;
}

static void name_stack(struct told* t, uint32_t hash) {
    t->key = hash * 0x9E3779B1U;
    if (t->key >> 8 == 0) t->key |= 0x100U;
}

#ifdef DRONE_TRACE_WALK /* the program's own */
static void walk(struct told* t, const void* caller, const void* address, const void* stack) {
    const uint32_t count = (uint32_t)(DRONE_TRACE_WALK(t->frames, DRONE_TRACE_STACKS, caller));
    uint32_t hash = 0;
    (void)address, (void)stack;
    for (t->count = 0; t->count < count;)
        hash = add_frame(t, hash, t->frames[t->count]);
    t->is_whole = count < DRONE_TRACE_STACKS;
    name_stack(t, hash);
}
#else

extern const uint32_t drone_frames_1[] __attribute__((weak));
enum { table_base, table_code_bytes, table_stack_limit, table_rows, table_header };

#define WALK_LINES (DRONE_TRACE_STACKS > 8 ? 128U : 64U)
static uint32_t walk_known[2 * WALK_LINES]; /* addresses, and as many shapes of frames */
static volatile uint8_t walk_busy;

static int is_code(uint32_t address) {
    return address - 2 - drone_frames_1[table_base] < drone_frames_1[table_code_bytes];
}

/* What the table says of the frame in which a call returns to that address; 0: nothing. */
static __attribute__((noinline)) uint32_t find_shape(uint32_t address) {
    const uint32_t* at = drone_frames_1 + table_header;
    const uint32_t* shapes;
    uint32_t rows, key;
    if (drone_frames_1 == NULL || !is_code(address)) return 0;
    key = (address - 2 - drone_frames_1[table_base]) >> 1 << 8 | 0xFFU;
    rows = drone_frames_1[table_rows];
    shapes = at + rows;
    while (rows > 1) {
        const uint32_t half = rows / 2;
        if (at[half] <= key) at += half;
        rows -= half;
    }
    return *at <= key ? shapes[*at & 0xFFU] : 0;
}

/* What is where a caller would be, in a program's first function or an exception's. */
static int is_bottom(uint32_t address) { return address <= 1 || address >= 0xFFFFFF00U; }

/* From a call within the tracer up to the caller that is told, and from there on into `t`. */
static void climb(
    struct told* t,
    uint32_t caller,
    uint32_t address,
    uint32_t stack,
    uint32_t* known,
    uint32_t lines
) {
    unsigned skipped = 0;
    uint32_t hash = 0;
    t->count = t->is_whole = 0;
    for (;;) {
        const uint32_t place = (address ^ address >> 7) >> 1 & (lines - 1);
        const int is_told = t->count != 0 || (address ^ caller) >> 1 == 0;
        uint32_t shape;
        if (known[place] != address) {
            if (is_bottom(address)) break;
            shape = find_shape(address);
            if (shape == 0) {
                if (t->count != 0 && is_code(address)) hash = add_frame(t, hash, address);
                break;
            }
            known[place] = address;
            known[lines + place] = shape;
        }
        shape = known[lines + place];
        if (is_told)
            hash = add_frame(t, hash, address);
        else if (++skipped > 8)
            break;
        address = *(const uint32_t*)(uintptr_t)(stack + (shape & 0xFFFFU));
        stack += shape >> 16;
        if (t->count == DRONE_TRACE_STACKS || stack > drone_frames_1[table_stack_limit]) break;
    }
    t->is_whole = t->count != DRONE_TRACE_STACKS && t->count != 0 && is_bottom(address);
    if (t->count == 0) hash = add_frame(t, 0, caller);
    name_stack(t, hash);
}

/* The stack of the call that returns to `address`, with the stack pointer `stack` then. Whoever preempts a walk
 * searches the table without the cache. */
static __attribute__((noinline)) void
walk(struct told* t, const void* caller, const void* address, const void* stack) {
    const uint32_t before = DRONE_TRACE_MASK();
    const int is_mine = !walk_busy;
    uint32_t own[2] = {0, 0};
    walk_busy = 1;
    DRONE_TRACE_UNMASK(before);
    climb(
        t,
        (uint32_t)(uintptr_t)caller,
        (uint32_t)(uintptr_t)address,
        (uint32_t)(uintptr_t)stack,
        is_mine ? walk_known : own,
        is_mine ? WALK_LINES : 1
    );
    if (is_mine) walk_busy = 0;
}

#endif

/* The stack of an event, in the function that reports it: `told` lasts until it is sent. */
#define TELL_STACK(e, caller)                                                                      \
    struct told told;                                                                              \
    walk(&told, caller, __builtin_return_address(0), __builtin_dwarf_cfa());                       \
    (e).stack = &told

/* -- The words --------------------------------------------------------------------------------------- */

/* What a listener knows, and the announcement under way. An identifier is a hash of its frames, so neither loss nor
 * eviction nor preemption gives it another meaning. Read and changed with interrupts masked. */
static struct stacks {
    uint32_t epoch;         /* mixed into known[] */
    uint32_t current;       /* the identifier that was said last; 0: none */
    uint32_t known[32][4];  /* hashes by their upper bits, newest first */
    const uint32_t* frames; /* being announced; NULL: none are */
    uint32_t count, key, is_whole, sent;
#if DRONE_TRACE_DROP
    uint32_t copy[DRONE_TRACE_STACKS]; /* the event may be gone before its stack is announced */
    uint32_t announced_at;             /* one word with each event: its number and 1 */
#endif
} stacks[DRONE_TRACE_HEAPS];

static uint32_t stack_word(struct stacks* s, uint32_t key) {
    s->current = key >> 8;
    return control(13, s->current);
}

static void begin_stack(struct stacks* s, const struct told* t) {
    s->frames = t->frames;
    s->count = t->count;
    s->key = t->key;
    s->is_whole = t->is_whole;
    s->sent = 0;
#if DRONE_TRACE_DROP
    for (; s->sent < t->count; ++s->sent)
        s->copy[s->sent] = t->frames[s->sent];
    s->frames = s->copy;
    s->sent = 0;
#endif
}

/* The next word of the announcement. With the last one the listener knows the stack, in the place of one with the same
 * identifier, else of the oldest. */
static uint32_t announcing_word(struct stacks* s) {
    const uint32_t place = s->sent++, first = s->frames[0];
    uint32_t* const set = s->known[s->key >> 27];
    uint32_t newest = s->key ^ s->epoch;
    unsigned i;
    if (place == 0)
        return control(14, s->count << 19 | s->is_whole << 18 | (first >> 29 & 6U) | (first & 1U));
    if (place <= s->count) return 4U << 29 | (s->frames[place - 1] >> 1 & 0x1FFFFFFFU);
    s->frames = NULL;
    for (i = 0; i < 4; ++i) {
        const uint32_t next = set[i];
        set[i] = newest;
        newest = next;
        if ((newest ^ s->epoch) >> 8 == s->key >> 8) break;
    }
    return stack_word(s, s->key);
}

static int put_rest_of_stack(struct heap* h) {
    struct stacks* const s = &stacks[h - heaps];
    return s->frames != NULL && put(h, announcing_word(s));
}

/* Whether a word was due before the event: of an announcement, or which stack it has. */
static int put_stack(struct heap* h, const struct event* e) {
    struct stacks* const s = &stacks[h - heaps];
    const uint32_t key = e->stack->key, wanted = key ^ s->epoch;
    const uint32_t* const set = s->known[key >> 27];
    if (s->frames == NULL && set[0] != wanted && set[1] != wanted && set[2] != wanted &&
        set[3] != wanted)
        begin_stack(s, e->stack);
#if DRONE_TRACE_DROP
    if (s->announced_at != h->events + 1) {
        s->announced_at = h->events + 1;
        if (put_rest_of_stack(h)) return 1;
    }
#else
    if (put_rest_of_stack(h)) return 1;
#endif
    return s->current != key >> 8 && put(h, stack_word(s, key));
}

static void forget_stack(struct heap* h) { stacks[h - heaps].current = 0; }

static void forget_stacks(struct heap* h) {
    struct stacks* const s = &stacks[h - heaps];
    s->epoch += 0x9E3779B1U; /* no entry is one of a known stack any more */
    s->current = 0;
    s->frames = NULL;
}
#endif
