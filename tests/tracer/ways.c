/* SPDX-License-Identifier: MIT */

/* Places blocks itself, in two tasks, and keeps books: one call site leaks, lifetimes are known. */
#include <drone_trace.h>
#include <stdio.h>
#include <string.h>

enum { units = 512, unit = 64 };
static char arena[units * unit] __attribute__((aligned(16)));
static char used[units];
unsigned running; /* task */
static unsigned long of_task[2], live, peak, event, taken_at[units];
static struct {
    unsigned long blocks, shortest, longest, sum;
} lives[128];

static char* place(unsigned size) {
    const unsigned needed = (size + unit - 1) / unit;
    unsigned at = 0, n = 0;
    for (; n != needed; ++at)
        n = used[at] ? 0 : n + 1;
    memset(used + at - needed, 1, needed);
    taken_at[at - needed] = event++;
    ++of_task[running];
    live += size;
    if (live > peak) peak = live;
    return arena + (at - needed) * unit;
}

#define TAKES(name)                                                                                \
    static __attribute__((noinline)) char* name(unsigned size) {                                   \
        char* const block = place(size);                                                           \
        drone_trace_alloc_from(block, size, 0, (const void*)(uintptr_t)name);                      \
        return block;                                                                              \
    }
TAKES(serve)
TAKES(answer)
TAKES(keep)

static void give(char* block, unsigned size) {
    const unsigned at = (unsigned)(block - arena) / unit;
    const unsigned long life = event++ - taken_at[at];
    drone_trace_free(block);
    memset(used + at, 0, (size + unit - 1) / unit);
    live -= size;
    if (lives[size].blocks++ == 0 || life < lives[size].shortest) lives[size].shortest = life;
    if (life > lives[size].longest) lives[size].longest = life;
    lives[size].sum += life;
}

int main(void) {
    drone_trace_heap(arena, sizeof arena, 16);
    for (unsigned i = 0, state = 1; i < 2000; ++i) {
        state = state * 1664525U + 1013904223U;
        const unsigned one = 30 + (state >> 8) % 40, other = 80 + (state >> 16) % 40;
        running = i % 3 == 0;
        char *const a = serve(one), *const b = answer(other);
        if (i % 20 == 0) keep(24);
        running = 0;
        give(b, other);
        give(a, one);
    }
    drone_trace_failed(5000);
    ++event;
    drone_trace_end();
    printf(
        "{\"tasks\": {\"main\": %lu, \"net\": %lu}, \"live\": %lu, \"peak\": %lu, \"events\": %lu, \"lives\": {",
        of_task[0],
        of_task[1],
        live,
        peak,
        event
    );
    for (unsigned size = 0, more = 0; size < 128; ++size)
        if (lives[size].blocks != 0)
            printf(
                "%s\"%u\": [%lu, %lu, %lu, %lu]",
                more++ ? ", " : "",
                size,
                lives[size].blocks,
                lives[size].shortest,
                lives[size].longest,
                lives[size].sum
            );
    puts("}}");
    return 0;
}
