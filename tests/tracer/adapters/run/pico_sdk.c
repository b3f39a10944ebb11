/* SPDX-License-Identifier: MIT
 *
 * pico-sdk as far as its heap goes: it wraps malloc, calloc, realloc and free with --wrap, as its pico_malloc does, and
 * calls newlib's under a mutex. Beside it the spin locks, and which core this is: the program says so. */
#include "hardware/sync.h"
#include "pico/platform.h"
#include "system.h"
#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static volatile unsigned mutex;
static void mutex_enter_blocking(volatile unsigned *m) {
    if (*m != 0) __builtin_trap();
    *m = 1;
}
static void mutex_exit(volatile unsigned *m) { *m = 0; }
#define UNDER_MUTEX(call) \
    void *block; \
    mutex_enter_blocking(&mutex); \
    block = call; \
    mutex_exit(&mutex); \
    return block
void *__wrap_malloc(size_t size) { UNDER_MUTEX(__real_malloc(size)); }
void *__wrap_calloc(size_t count, size_t size) { UNDER_MUTEX(__real_calloc(count, size)); }
void *__wrap_realloc(void *old, size_t size) { UNDER_MUTEX(__real_realloc(old, size)); }
void __wrap_free(void *block) {
    mutex_enter_blocking(&mutex);
    __real_free(block);
    mutex_exit(&mutex);
}

static spin_lock_t locks[32];
static unsigned core, exception;
unsigned int get_core_num(void) { return core; }
unsigned int __get_current_exception(void) { return exception; }
spin_lock_t *spin_lock_instance(uint lock_num) { return &locks[lock_num]; }
uint32_t spin_lock_blocking(spin_lock_t *lock) {
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
    if (*lock != 0) __builtin_trap(); /* no other core is there to give it back */
    *lock = 1;
    return before;
}
void spin_unlock(spin_lock_t *lock, uint32_t saved_irq) {
    if (*lock != 1) __builtin_trap();
    *lock = 0;
    __asm__ volatile("msr primask, %0" : : "r"(saved_irq) : "memory");
}

/* Standard output gets its blocks while nobody listens: the books do not have them. */
void system_begin(void) {
    static char buffer[128];
    volatile uint32_t *const ports = (volatile uint32_t *)0xE0000E00;
    *ports &= ~(1U << 31);
    setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
    fflush(stdout);
    *ports |= 1U << 31;
}
void *system_take(size_t size) {
    /* In each way that the SDK wraps; a realloc that grows in place is a resize, so it comes from nothing. */
    switch (size % 3) {
    case 0:
        return calloc(1, size);
    case 1:
        return realloc(NULL, size);
    default:
        return malloc(size);
    }
}
void system_give(void *block) { free(block); }
size_t system_told(size_t size) { return size; }
const char *system_run(unsigned task) { /* SysTick on one core, and both cores */
    exception = task == 0 ? 15 : 0;
    core = task == 2;
    return task == 0 ? "SysTick" : core == 0 ? "core 0" : "core 1";
}
