/* SPDX-License-Identifier: MIT
 *
 * Part of drone_trace.c: words over SEGGER RTT, as include/drone/rtt_carrier.hpp does it, which says why.
 * The control block is the symbol _SEGGER_RTT; a program that has SEGGER's library sets
 * DRONE_TRACE_RTT_OPEN(bytes, size) and DRONE_TRACE_RTT_UP, a descriptor of that block. */

#ifndef DRONE_TRACE_RTT_BYTES
#define DRONE_TRACE_RTT_BYTES 1024 /* a power of two */
#endif
#ifndef DRONE_TRACE_RTT_PATIENCE
#define DRONE_TRACE_RTT_PATIENCE                                                                   \
    0x400000 /* times that a full buffer is found so, until nobody listens */
#endif

struct rtt_up {
    const char* name;
    uint8_t* bytes;
    uint32_t size;
    volatile uint32_t written, read; /* by us, by the probe */
    uint32_t mode;
};
static uint8_t rtt_bytes[DRONE_TRACE_RTT_BYTES];
#ifdef DRONE_TRACE_RTT_UP
#define rtt_up ((struct rtt_up*)(DRONE_TRACE_RTT_UP))
#else
extern struct rtt_block {
    volatile char id[16];
    int32_t ups, downs;
    struct rtt_up up;
} _SEGGER_RTT;
struct rtt_block _SEGGER_RTT;
#define rtt_up (&_SEGGER_RTT.up)
#endif
#define RTT_MASK (DRONE_TRACE_RTT_BYTES - 1U)
#define RTT_HEARD 0xFFFFFFFFU

static struct {
    volatile uint32_t quiet; /* `read`, until somebody has taken the idle bytes */
    uint32_t seen, patience; /* `read` of a full buffer, and how often it may still be that */
    uint32_t left;           /* ports, a bit each, that were not told yet that nobody listened */
    uint8_t begun, synchronise;
} rtt;

static uint32_t rtt_free(void) { return (rtt_up->read - rtt_up->written - 1) & RTT_MASK; }

static void rtt_show(uint32_t written) {
    __atomic_thread_fence(__ATOMIC_RELEASE);
    rtt_up->written = written & RTT_MASK;
}

/* Nobody listens: four idle bytes are shown from `begin` on, in front of others. */
static void rtt_idle(uint32_t begin) {
    rtt.quiet = begin;
    rtt.seen = RTT_HEARD;
    rtt.synchronise = 0;
    rtt.left = 0xFFFFFFFFU;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    rtt_up->read = begin;
    rtt_show(begin + 4);
}

/* Nobody listens any more: all that is not old becomes idle. */
static void rtt_leave(void) {
    const uint32_t begin = (rtt_up->written - (rtt.synchronise ? 4U : 0)) & RTT_MASK;
    const uint32_t old = rtt_up->read & RTT_MASK;
    uint32_t last = begin;
    do {
        rtt_bytes[last] = 0;
        last = (last + 1) & RTT_MASK;
    } while (last != old);
    rtt_idle(begin);
}

static void rtt_begin(void) {
    rtt.begun = 1;
#ifdef DRONE_TRACE_RTT_UP
    DRONE_TRACE_RTT_OPEN(rtt_bytes, DRONE_TRACE_RTT_BYTES);
#else
    rtt_up->name = "drone";
    rtt_up->bytes = rtt_bytes;
    rtt_up->size = DRONE_TRACE_RTT_BYTES;
    rtt_up->mode = 0;
    _SEGGER_RTT.ups = 1;
    _SEGGER_RTT.downs = 0;
#endif
    rtt_up->written = rtt_up->read = 0;
    rtt_idle(0); /* all bytes are zero since the reset */
    rtt.left = 0;
#ifndef DRONE_TRACE_RTT_UP
    { /* last of all, and not as a whole: a probe must find neither a part of it nor the text in flash */
        static const char reversed[] = "TTR REGGES";
        unsigned i;
        for (i = 0; i < 10; ++i)
            _SEGGER_RTT.id[9 - i] = reversed[i];
    }
#endif
}

/* False once for each port when a listener is gone, however soon the next one comes: the trace begins
 * anew. */
static int carrier_enabled(uint32_t port) {
    const uint32_t bit = 1U << port;
    if (!rtt.begun || (rtt.left & bit) != 0) {
        const uint32_t before = DRONE_TRACE_MASK();
        if (!rtt.begun) rtt_begin();
        rtt.left &= ~bit;
        DRONE_TRACE_UNMASK(before);
        return 0;
    }
    return rtt_up->read != rtt.quiet;
}

/* Room for a synchronisation, a packet and the bytes of rtt_leave(). */
static int carrier_ready(uint32_t port) {
    const uint32_t before = DRONE_TRACE_MASK();
    const uint32_t read = rtt_up->read;
    int ready = 0;
    if (rtt.quiet != RTT_HEARD && read != rtt.quiet) {
        rtt.quiet = RTT_HEARD;
        rtt.synchronise = 1;
    }
    if (rtt.quiet == RTT_HEARD) {
        ready = rtt_free() >= 16;
        if (ready) {
            rtt.seen = RTT_HEARD;
        } else if (read != rtt.seen) {
            rtt.seen = read;
            rtt.patience = DRONE_TRACE_RTT_PATIENCE;
        } else if (--rtt.patience == 0) {
            rtt_leave();
        }
    }
    ready = ready && (rtt.left >> port & 1U) == 0;
    DRONE_TRACE_UNMASK(before);
    return ready;
}

static void carrier_write(uint32_t port, uint32_t word) {
    uint32_t last = rtt_up->written;
    unsigned i;
    if (rtt.synchronise || last + 11 > RTT_MASK) {
        rtt.synchronise = 0;
        for (i = 0; i < 6; ++i)
            rtt_bytes[last++ & RTT_MASK] = i < 5 ? 0 : 0x80U;
    }
    rtt_bytes[last++ & RTT_MASK] = (uint8_t)(port << 3 | 3U);
    for (i = 0; i < 4; ++i, word >>= 8)
        rtt_bytes[last++ & RTT_MASK] = (uint8_t)word;
    rtt_show(last);
}
