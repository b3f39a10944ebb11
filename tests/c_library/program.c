/* SPDX-License-Identifier: MIT
 *
 * A firmware in C: every allocation function that its library declares, and what the library asks
 * of a system. Prints what came of it. */

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef __PICOLIBC__
#include <reent.h>
#endif

_Noreturn void _exit(int status);
int _write(int descriptor, const char* text, int size);
void* reallocf(void* block, size_t size);
void cfree(void* block);
void* pvalloc(size_t size);

static void say(const char* what, long value) {
    char line[80];
    _write(1, line, snprintf(line, sizeof line, "%s: %ld\n", what, value));
}

volatile uintptr_t kept;
volatile size_t most = SIZE_MAX; /* a constant would be refused when it is compiled */

int main(void) {
    /* GCC takes what malloc returns for a multiple of 8 and folds what follows from it. */
    void* small = malloc(4);
    say("malloc(4) is a multiple of 8 as compiled", ((uintptr_t)small & 7) == 0);
    kept = (uintptr_t)small;
    say("malloc(4) is a multiple of 8 in truth", (kept & 7) == 0);
    kept = (uintptr_t)small | 5;
    say("a tag in the low bits comes off", (void*)(kept & ~(uintptr_t)7) == small);

    void* block = malloc(20);
    say("usable of 20", (long)malloc_usable_size(block));
    say("usable of null", (long)malloc_usable_size(NULL));
    block = reallocarray(block, 10, 6);
    say("reallocarray of 60", (long)malloc_usable_size(block));
    errno = 0;
    say("reallocarray that wraps", reallocarray(block, most / 2, 3) == NULL && errno == ENOMEM);
    errno = 0;
    say("reallocf that fails", reallocf(block, 9000) == NULL && errno == ENOMEM);
    say("and gave the block back", malloc(60) == block);
    cfree(block);
    say("cfree gave it back", malloc(60) == block);
    void* page = valloc(1);
    say("valloc is at a page", (uintptr_t)page % 4096 == 0);
    say("pvalloc has a page", (long)malloc_usable_size(pvalloc(1)));
    say("no third page", valloc(1) == NULL);
    free(page);
    page = memalign(64, 100);
    say("memalign(64)", (uintptr_t)page % 64 == 0);
    free(page);

#ifndef __PICOLIBC__
    /* As the library's own code asks. */
    block = _malloc_r(_REENT, 20);
    say("_malloc_usable_size_r", (long)_malloc_usable_size_r(_REENT, block));
    block = _reallocf_r(_REENT, block, 60);
    say("_reallocf_r", (long)malloc_usable_size(block));
    _free_r(_REENT, block);
    page = _valloc_r(_REENT, 1);
    say("_valloc_r", (uintptr_t)page % 4096 == 0);
    _free_r(_REENT, page);
    page = _pvalloc_r(_REENT, 1);
    say("_pvalloc_r", (uintptr_t)page % 4096 == 0);
    _free_r(_REENT, page);

    say("fopen", fopen("file", "r") != NULL);
    say("remove", remove("file"));
    say("rename", rename("file", "other"));
    say("time", (long)time(NULL));
    say("clock", (long)clock());
    char* copy = strdup("a copy");
    _write(1, copy, 6);
    free(copy);
    printf(" by printf: %g\n", strtod("1.5", NULL));
#endif
    _exit(0); /* picolibc would not */
}
