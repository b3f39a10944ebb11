/* SPDX-License-Identifier: MIT */

/* A station that takes messages in, keeps some, and answers others; all of it in malloc's blocks. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct message* next;
    char* text;
    size_t length;
};

static struct message* queue;
static uint32_t state = 1;

static uint32_t below(uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

static void take_in(void) {
    struct message* const one = calloc(1, sizeof *one);
    char line[100];
    const size_t length = 10 + below(80);
    memset(line, 'a', length);
    line[length] = 0;
    one->text = strdup(line);
    one->length = length;
    one->next = queue;
    queue = one;
}

/* A text that grows as it is written, then fits. */
static void join(struct message* one) {
    size_t room = 16, used = 0;
    char* all = malloc(room);
    for (; one != NULL; one = one->next) {
        if (used + one->length + 1 > room) {
            room = 2 * (used + one->length);
            all = realloc(all, room);
        }
        memcpy(all + used, one->text, one->length);
        used += one->length;
    }
    all = realloc(all, used + 1);
    free(all);
}

static void answer(uint32_t which) {
    struct message** at = &queue;
    while (which-- != 0 && (*at)->next != NULL)
        at = &(*at)->next;
    struct message* const one = *at;
    *at = one->next;
    free(one->text);
    free(one);
}

int main(void) {
    uint32_t live = 0;
    for (int i = 0; i < 3000; ++i) {
        if (live < 40 && below(100) < 52) {
            take_in();
            ++live;
        } else if (live != 0) {
            answer(below(live));
            --live;
        }
        if (i % 100 == 99) join(queue);
    }
    puts("served");
    return 0;
}
