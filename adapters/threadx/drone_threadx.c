/* SPDX-License-Identifier: MIT
 *
 * ThreadX's byte pools: linked with -Wl,--wrap=_tx_byte_allocate,--wrap=_tx_byte_release. The program
 * names each pool's memory with drone_trace_heap(); pools are told apart by it. */
#include "tx_api.h"

#include <drone_trace.h>

UINT __real__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait);
UINT __wrap__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait);
UINT __real__tx_byte_release(VOID *block);
UINT __wrap__tx_byte_release(VOID *block);

UINT __wrap__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait) {
    const UINT status = __real__tx_byte_allocate(pool, block, size, wait);
    if (status == TX_SUCCESS)
        drone_trace_alloc(*block, size);
    else
        drone_trace_failed_from(pool->tx_byte_pool_start, size, __builtin_return_address(0));
    return status;
}

UINT __wrap__tx_byte_release(VOID *block) {
    drone_trace_free(block);
    return __real__tx_byte_release(block);
}
