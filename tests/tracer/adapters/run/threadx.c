/* SPDX-License-Identifier: MIT */
#include "first_fit.h"
#include "system.h"
#include "tx_api.h"
#include <drone_trace.h>
UINT __wrap__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait);
UINT __wrap__tx_byte_release(VOID *block);
UINT __real__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait);
UINT __real__tx_byte_release(VOID *block);
UINT __real__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait) {
    (void)pool, (void)wait;
    *block = fit(size);
    return *block == NULL ? 0x10U : TX_SUCCESS; /* TX_NO_MEMORY */
}
UINT __real__tx_byte_release(VOID *block) {
    unfit(block);
    return TX_SUCCESS;
}
static TX_BYTE_POOL pool = {arena, sizeof arena};
void system_begin(void) { drone_trace_heap(pool.tx_byte_pool_start, pool.tx_byte_pool_size, 4); }
void *system_take(size_t size) {
    void *block = NULL;
    return __wrap__tx_byte_allocate(&pool, &block, size, 0) == TX_SUCCESS ? block : NULL;
}
void system_give(void *block) { __wrap__tx_byte_release(block); }
size_t system_told(size_t size) { return size; }
