/* SPDX-License-Identifier: MIT */

/* Asks its C library for blocks in every way there is, keeps books of its own, and says at the end what is in
 * them: what `drone heap` makes of the trace must be the same. */
#include <drone_trace.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef OPERATOR_NEW
void* new_block(size_t size);
void delete_block(void* block);
#else
#define new_block malloc
#define delete_block free
#endif

enum { most = 60 };
static struct {
    char* at;
    size_t size;
} blocks[most];
static unsigned long allocations, failures, live_blocks;
static size_t live, peak;
static uint32_t state = 7;

static uint32_t below(uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

static void took(unsigned i, void* block, size_t size) {
    if (block == NULL) {
        ++failures;
        return;
    }
    memset(block, (int)i, size);
    blocks[i].at = block;
    blocks[i].size = size;
    ++allocations;
    ++live_blocks;
    live += size;
    if (live > peak) peak = live;
}

static void give_back(unsigned i) {
    for (size_t k = 0; k < blocks[i].size; ++k)
        if (blocks[i].at[k] != (char)i) __builtin_trap();
    live -= blocks[i].size;
    --live_blocks;
    if (below(5) == 0)
        delete_block(blocks[i].at);
    else
        free(blocks[i].at);
    blocks[i].at = NULL;
}

static void resize(unsigned i, size_t size) {
    const uintptr_t old = (uintptr_t)blocks[i].at;
    const size_t before = blocks[i].size;
    char* const now = realloc(blocks[i].at, size);
    if (now == NULL) {
        ++failures;
        return;
    }
    ++allocations;
    /* While it moves both are live, unless it grew downwards over its old place. */
    const int both = (uintptr_t)now != old && old - (uintptr_t)now >= size;
    const size_t highest = both ? live + size : live - before + size;
    if (highest > peak) peak = highest;
    live += size - before;
    memset(now, (int)i, size);
    blocks[i].at = now;
    blocks[i].size = size;
}

static void say(const char* what, unsigned long value) {
    char line[80];
    const int length = snprintf(line, sizeof line, "%s: %lu\n", what, value);
#ifdef SAYS_BY_SEMIHOSTING
    register uintptr_t r0 __asm__("r0") = 4; /* write0 */
    register const void* r1 __asm__("r1") = line;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    (void)length;
#else
    for (int i = 0; i < length; ++i) {
        while ((*(volatile uint32_t*)0xE0000000 & 1) == 0) {
        }
        *(volatile uint8_t*)0xE0000000 = (uint8_t)line[i];
    }
#endif
}

void _exit(int status);

int main(void) {
#ifdef DRONE_TRACE_UART
    UART(8) = 1; /* transmits */
    UART(16) = 16;
#endif
    static const char text[] = "a line of text that is copied";
    for (unsigned n = 0; n < 4000; ++n) {
        const unsigned i = below(most);
        const size_t size = below(20) == 0 ? 1 + below(3000) : 1 + below(100);
        if (blocks[i].at != NULL) {
            if (below(3) == 0)
                resize(i, size);
            else
                give_back(i);
            continue;
        }
        switch (below(7)) {
        case 0:
            took(i, calloc(size, 1), size);
            break;
        case 1:
            took(i, strdup(text), sizeof text);
            break;
        case 2:
            took(i, memalign(16u << below(3), size), size);
            break;
        case 3:
            took(i, new_block(size), size);
            break;
        case 4:
            took(i, realloc(NULL, size), size);
            break;
        default:
            took(i, malloc(size), size);
            break;
        }
    }
    void* volatile none = malloc((size_t)1 << 20);
    if (none == NULL) ++failures;
    free(NULL);
    drone_trace_end();
    say("Allocations", allocations);
    say("Failures", failures);
    say("Peak", peak);
    say("Live bytes", live);
    say("Live blocks", live_blocks);
#ifdef SAYS_BY_SEMIHOSTING
    register uintptr_t r0 __asm__("r0") = 0x18; /* exit */
    register uintptr_t r1 __asm__("r1") = 0x20026;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
#endif
    _exit(0);
}
