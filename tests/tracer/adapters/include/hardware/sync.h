/* pico-sdk 2, hardware/sync.h, as far as the adapter uses it. */
#ifndef HARDWARE_SYNC_H
#define HARDWARE_SYNC_H
#include <stdint.h>
typedef unsigned int uint;
typedef volatile uint32_t spin_lock_t;
#define PICO_SPINLOCK_ID_OS1 14
#define PICO_SPINLOCK_ID_OS2 15
spin_lock_t *spin_lock_instance(uint lock_num);
uint32_t spin_lock_blocking(spin_lock_t *lock);
void spin_unlock(spin_lock_t *lock, uint32_t saved_irq);
#endif
