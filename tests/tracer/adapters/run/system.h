/* SPDX-License-Identifier: MIT
 *
 * What program.c needs of a system, which a stand-in of ours provides with that system's hooks. */
#ifndef SYSTEM_H
#define SYSTEM_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void system_begin(void);
void *system_take(size_t size);
void system_give(void *block);
size_t system_told(size_t size); /* of such a request, once --overhead is off */
enum { system_tasks = 3 };
const char *system_run(unsigned task); /* continues in that task, whose name it returns; null: no tasks */
#ifdef __cplusplus
}
#endif
#endif
