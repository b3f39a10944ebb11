/* SPDX-License-Identifier: MIT
 *
 * A plain allocator: blocks of ARENA one after the other, each with a header of 8 bytes; the first hole that is large
 * enough, holes that meet are one. */
#include <stddef.h>
#include <stdint.h>

#ifndef ARENA
#define ARENA arena
static uint8_t arena[6144] __attribute__((aligned(8)));
#endif
struct header {
    uint32_t size; /* with itself */
    uint32_t used;
};
static struct header *next_of(struct header *h) { return (struct header *)((uint8_t *)h + h->size); }
static struct header *arena_end(void) { return (struct header *)(ARENA + sizeof ARENA); }
static size_t block_size(size_t asked) { return (asked + sizeof(struct header) + 7) & ~(size_t)7; }

static inline void *fit(size_t asked) {
    const size_t size = block_size(asked);
    struct header *h = (struct header *)ARENA;
    if (h->size == 0) h->size = sizeof ARENA;
    for (; h != arena_end(); h = next_of(h)) {
        if (h->used) continue;
        while (next_of(h) != arena_end() && !next_of(h)->used)
            h->size += next_of(h)->size;
        if (h->size < size) continue;
        if (h->size > size) {
            struct header *const rest = (struct header *)((uint8_t *)h + size);
            rest->size = h->size - (uint32_t)size;
            rest->used = 0;
            h->size = (uint32_t)size;
        }
        h->used = 1;
        return h + 1;
    }
    return NULL;
}
static inline void unfit(void *block) { ((struct header *)block - 1)->used = 0; }
