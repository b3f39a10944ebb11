/* RT-Thread, both signatures of the hooks. */
#ifndef RTTHREAD_H
#define RTTHREAD_H
#include <stddef.h>
typedef size_t rt_size_t;
#define RT_ALIGN_SIZE 8
#ifdef OLD_SIGNATURE
void rt_malloc_sethook(void (*hook)(void *ptr, rt_size_t size));
void rt_free_sethook(void (*hook)(void *ptr));
#else
#define RT_VERSION_MAJOR 5
#define RT_VERSION_MINOR 1
void rt_malloc_sethook(void (*hook)(void **ptr, rt_size_t size));
void rt_free_sethook(void (*hook)(void **ptr));
#endif
#endif
