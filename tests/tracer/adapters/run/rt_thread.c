/* SPDX-License-Identifier: MIT */
#include "first_fit.h"
#include "system.h"
#include <rtthread.h>
void drone_rt_thread(void *base, rt_size_t size);
#ifdef OLD_SIGNATURE
static void (*taken)(void *, rt_size_t), (*given_back)(void *);
void rt_malloc_sethook(void (*hook)(void *ptr, rt_size_t size)) { taken = hook; }
void rt_free_sethook(void (*hook)(void *ptr)) { given_back = hook; }
#define PLACE(block) (block)
#else
static void (*taken)(void **, rt_size_t), (*given_back)(void **);
void rt_malloc_sethook(void (*hook)(void **ptr, rt_size_t size)) { taken = hook; }
void rt_free_sethook(void (*hook)(void **ptr)) { given_back = hook; }
#define PLACE(block) (&(block))
#endif
void system_begin(void) { drone_rt_thread(arena, sizeof arena); }
void *system_take(size_t size) {
    void *block = fit(size);
    taken(PLACE(block), size);
    return block;
}
void system_give(void *block) {
    given_back(PLACE(block));
    unfit(block);
}
size_t system_told(size_t size) { return size; }
