/* SPDX-License-Identifier: MIT
 *
 * pico-sdk: settings of drone_trace.c for a chip with two cores. This is the last line of drone_trace_config.h:
 *
 *     #include "pico_sdk/drone_pico_sdk.h"
 *
 * Masked interrupts keep only one core out, so a word is written under a hardware spin lock, which masks interrupts,
 * too. Contexts are exceptions, and the cores where no exception is active. */
#ifndef DRONE_PICO_SDK_H
#define DRONE_PICO_SDK_H

#include "hardware/sync.h"
#include "pico/platform.h"

/* One of the spin locks that the SDK leaves to an operating system. */
#ifndef DRONE_PICO_SPINLOCK
#define DRONE_PICO_SPINLOCK PICO_SPINLOCK_ID_OS2
#endif

#define DRONE_TRACE_MASK() spin_lock_blocking(spin_lock_instance(DRONE_PICO_SPINLOCK))
#define DRONE_TRACE_UNMASK(before) spin_unlock(spin_lock_instance(DRONE_PICO_SPINLOCK), (before))

/* __get_current_exception() is the SDK's. */
#define DRONE_TRACE_CONTEXT() (__get_current_exception() != 0 ? __get_current_exception() : 512U + get_core_num())
#define DRONE_TRACE_CONTEXT_NAME() \
    (__get_current_exception() != 0 ? NULL : get_core_num() == 0 ? "core 0" : "core 1")

#endif
