/* SPDX-License-Identifier: MIT */

/* Lua's allocator with books of its own, for bench/lua/traced/run: linked with --wrap=luaL_newstate,--wrap=lua_close. */
#include <drone_trace.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long allocations, failures, live_blocks;
static size_t live, peak;

static void* counted(void* data, void* block, size_t before, size_t asked) {
    const size_t old = block != NULL ? before : 0; /* else it is the kind of an object */
    (void)data;
    if (asked == 0) {
        if (block != NULL) --live_blocks;
        live -= old;
        free(block);
        return NULL;
    }
    const uintptr_t place = (uintptr_t)block;
    void* const now = realloc(block, asked);
    if (now == NULL) {
        ++failures;
        return NULL;
    }
    ++allocations;
    if (block == NULL) ++live_blocks;
    /* While it moves both are live, unless it grew downwards over its old place. */
    const int both = (uintptr_t)now != place && place - (uintptr_t)now >= asked;
    const size_t highest = both ? live + asked : live - old + asked;
    if (highest > peak) peak = highest;
    live += asked - old;
    return now;
}

lua_State* __wrap_luaL_newstate(void);
lua_State* __wrap_luaL_newstate(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* whose buffer would be a block of the library's */
    return lua_newstate(counted, NULL);
}

size_t sbrk_bytes(void) __attribute__((weak)); /* of newlib's malloc, the most that it ever had */
void __real_lua_close(lua_State* L);
void __wrap_lua_close(lua_State* L);
void __wrap_lua_close(lua_State* L) {
    __real_lua_close(L);
#ifdef TRACED
    drone_trace_end();
#endif
    fprintf(
        stderr,
        "Allocations: %lu\nFailures: %lu\nPeak: %lu\nLive blocks: %lu\n",
        allocations,
        failures,
        (unsigned long)peak,
        live_blocks
    );
    if (sbrk_bytes != NULL)
        fprintf(stderr, "Asked of the system: %lu\n", (unsigned long)sbrk_bytes());
#ifdef ENDS_BY_SEMIHOSTING
    register uintptr_t r0 __asm__("r0") = 0x18; /* exit */
    register uintptr_t r1 __asm__("r1") = 0x20026;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
#endif
}
