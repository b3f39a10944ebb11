/* SPDX-License-Identifier: MIT
 *
 * A C program on newlib's malloc, traced with stacks by drone_trace.c: many shapes of frames, its own and newlib's. An
 * interrupt reports blocks of its own. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include <drone_trace.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* newlib's blocks, and places that the interrupt reports. */
enum { arena_bytes = 32768, of_interrupt = 4096 };
static char arena[arena_bytes] __attribute__((aligned(8)));

void* _sbrk(int bytes);
void* _sbrk(int bytes) {
    static int used;
    if (used + bytes > arena_bytes - of_interrupt) return (void*)-1;
    used += bytes;
    return arena + used - bytes;
}

volatile uint32_t tick_period = 5000; /* the test sets it */
static volatile uint32_t done;        /* keeps calls from being jumps */

/* As an allocator with hooks has it: who called it is who asked. */
__attribute__((noinline)) void interrupt_takes(unsigned which);
__attribute__((noinline)) void interrupt_gives_back(unsigned which);
static void* place(unsigned which) { return arena + arena_bytes - of_interrupt + 16 * which; }
void interrupt_takes(unsigned which) {
    drone_trace_alloc(place(which), 16);
    done = done + 1;
}
void interrupt_gives_back(unsigned which) {
    drone_trace_free(place(which));
    done = done + 1;
}

static __attribute__((noinline)) void deeper(unsigned which, unsigned levels) {
    if (levels != 0)
        deeper(which, levels - 1);
    else
        interrupt_takes(which);
    done = done + 1;
}
void systick_handler(void);
void systick_handler(void) {
    static unsigned ticks;
    const unsigned which = ticks++ % 100;
    if (ticks > 100) interrupt_gives_back(which);
    deeper(which, ticks % 3);
}

static __attribute__((noinline)) char* told(const char* format, ...) {
    char line[80];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    char* const copy = strdup(line);
    done = done + (uint32_t)line[0];
    return copy;
}

static __attribute__((noinline)) char*
many(unsigned a, unsigned b, unsigned c, unsigned d, unsigned e, double f) {
    uint32_t large[300];
    for (unsigned i = 0; i < 300; ++i)
        large[i] = a * i + b;
    char* const text = told("%lu %g", (unsigned long)large[c % 300] + d + e, f);
    done = done + large[done % 300];
    return text;
}

struct tree {
    struct tree *left, *right;
    char* text;
};
static struct tree* grown(struct tree* at, char* text) {
    if (at == NULL) {
        struct tree* const new = calloc(1, sizeof *new);
        if (new != NULL) new->text = text;
        return new;
    }
    if (strcmp(text, at->text) < 0)
        at->left = grown(at->left, text);
    else
        at->right = grown(at->right, text);
    done = done + 1;
    return at;
}
static void fell(struct tree* at) {
    if (at == NULL) return;
    fell(at->left);
    fell(at->right);
    free(at->text);
    free(at);
    done = done + 1;
}
static int compare(const void* a, const void* b) {
    char* const made = told("%d", *(const int*)a);
    const int order = *(const int*)a - *(const int*)b;
    free(made);
    return order;
}

#define SYSTICK(offset) (*(volatile uint32_t*)(0xE000E010 + (offset)))

int main(void) {
    drone_trace_heap(arena, arena_bytes, 8);
    SYSTICK(4) = tick_period - 1;
    SYSTICK(8) = 0;
    SYSTICK(0) = 7;
    for (unsigned turn = 0; turn < 8; ++turn) {
        struct tree* tree = NULL;
        int numbers[8];
        for (unsigned i = 0; i < 20; ++i)
            tree = grown(tree, many(turn * 7919 + i * 104729, i, i + 1, i + 2, i + 3, i / 7.0));
        for (int i = 0; i < 8; ++i)
            numbers[i] = (int)(turn * 31 + (unsigned)i * 17) % 23;
        qsort(numbers, 8, sizeof *numbers, compare);
        fell(tree);
    }
    SYSTICK(0) = 0;
    drone_trace_end();
    return 0;
}
