/* SPDX-License-Identifier: MIT
 *
 * A C program on RV32, on QEMU's `virt`, with an allocator of its own that the C tracer traces with stacks. It is compiled
 * with -finstrument-functions, so it knows its own stack, and says it at each call of the allocator. */
#include "first_fit.h"
#include <drone_trace.h>

#define UNSEEN __attribute__((no_instrument_function))
#define HOOK UNSEEN __attribute__((noinline))
enum { most_frames = DRONE_TRACE_STACKS };

static uint32_t shadow[64];
static volatile unsigned depth, base; /* of an interrupt: from its own calls on */

UNSEEN void __cyg_profile_func_enter(void *function, void *site);
UNSEEN void __cyg_profile_func_exit(void *function, void *site);
void __cyg_profile_func_enter(void *function, void *site) {
    (void)function;
    shadow[depth] = (uint32_t)(uintptr_t)site;
    depth = depth + 1;
}
void __cyg_profile_func_exit(void *function, void *site) {
    (void)function, (void)site;
    depth = depth - 1;
}

/* There is no C library, and the compiler may call these. */
UNSEEN void *memcpy(void *to, const void *from, size_t size);
void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; ++i)
        ((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}
UNSEEN int __ctzsi2(unsigned value);
int __ctzsi2(unsigned value) {
    int zeros = 0;
    for (; (value >> zeros & 1) == 0; ++zeros) {
    }
    return zeros;
}

UNSEEN static void semihosting(uintptr_t operation, const void *parameter) {
    register uintptr_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = parameter;
    __asm__ volatile(".balign 16\n\t.option push\n\t.option norvc\n\tslli x0, x0, 0x1f\n\tebreak\n\tsrai x0, x0, 7\n"
                     "\t.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
}

/* The stack of a hook's caller: one line, after what it does. */
UNSEEN static void say(const char *what, const void *from) {
    char line[9 * most_frames + 8];
    unsigned length = 0, frames = 0, level = depth;
    uint32_t frame = (uint32_t)(uintptr_t)from;
    for (; what[length] != 0; ++length)
        line[length] = what[length];
    for (;;) {
        int shift;
        for (shift = 28; shift >= 0; shift -= 4)
            line[length++] = "0123456789abcdef"[frame >> shift & 15];
        line[length++] = ' ';
        if (++frames == most_frames || level == base) break;
        frame = shadow[--level];
    }
    line[length - 1] = '\n';
    line[length] = 0;
    semihosting(4, line); /* write0: whole, whatever preempts */
}

HOOK static void *take(size_t size) {
    void *const block = fit(size);
    drone_trace_alloc(block, size);
    say("takes ", __builtin_return_address(0));
    return block;
}
HOOK static void give(void *block) {
    drone_trace_free(block);
    say("gives ", __builtin_return_address(0));
    unfit(block);
}

/* The interrupt has places of its own in the heap. */
static uint8_t *interrupts(void) { return arena + sizeof arena; }
HOOK static void take_in_interrupt(unsigned which) {
    drone_trace_alloc(interrupts() + 8 * which, 8);
    say("takes ", __builtin_return_address(0));
}

static volatile uint32_t done;
static volatile unsigned ticks;
static __attribute__((noinline)) void deeper(unsigned levels) {
    if (levels == 0)
        take_in_interrupt(ticks % 256);
    else
        deeper(levels - 1);
    done = done + 1;
}

#define CLINT(at) (*(volatile uint32_t *)(0x02000000 + (at)))
UNSEEN static void next_tick(void) {
    CLINT(0x4004) = 0;
    CLINT(0x4000) = CLINT(0xBFF8) + 1009;
}
__attribute__((interrupt("machine"), aligned(4))) static void trap(void) {
    const unsigned before = base;
    uint32_t cause;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != 0x80000007) semihosting(0x18, (const void *)0); /* a fault: QEMU ends with 1 */
    base = depth;
    if (ticks++ < 200) {
        if (ticks % 4 == 0)
            take_in_interrupt(ticks % 256);
        else
            deeper(ticks % 5);
    }
    base = before;
    next_tick();
}

static void *kept[40];
static uint32_t state = 3;
static uint32_t below(uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}
static __attribute__((noinline)) unsigned act(unsigned levels, unsigned a, unsigned b, unsigned c) {
    volatile uint32_t large[40];
    const unsigned i = below(40);
    large[a % 40] = b + c;
    if (levels != 0) {
        done = done + act(levels - 1, b, c, a) + large[a % 40];
    } else if (kept[i] != NULL) {
        give(kept[i]);
        kept[i] = NULL;
    } else {
        kept[i] = take(1 + below(100));
    }
    done = done + 1;
    return large[a % 40];
}
static __attribute__((noinline)) void by_pointer(void (*what)(unsigned), unsigned n) {
    what(n);
    done = done + 1;
}
static void shallow(unsigned n) {
    act(n % 3, n, n + 1, n + 2);
    done = done + 1;
}
static void deep(unsigned n) {
    act(n % 24, n, n + 1, n + 2);
    done = done + 1;
}

int main(void) {
    unsigned n;
    drone_trace_heap(arena, sizeof arena + 8 * 256, 8);
    __asm__ volatile("csrw mtvec, %0" : : "r"(&trap));
    next_tick();
    __asm__ volatile("csrs mie, %0" : : "r"(1U << 7));
    __asm__ volatile("csrsi mstatus, 8" : : : "memory");
    for (n = 0; n < 1500; ++n)
        by_pointer(n % 2 == 0 ? shallow : deep, n);
    __asm__ volatile("csrci mstatus, 8" : : : "memory");
    drone_trace_end();
    semihosting(0x18, (const void *)0x20026);
    return 0;
}

__asm__(".section .start, \"ax\"\n.global start\nstart: la sp, stack_top\n\tli ra, 0\n\tcall main\n1: j 1b\n\t.text");
