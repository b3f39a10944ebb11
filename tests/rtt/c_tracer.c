/* SPDX-License-Identifier: MIT
 *
 * drone_trace.c over RTT, with a log of every word that it writes. */
#define DRONE_TRACE_RTT 1
#define DRONE_TRACE_RTT_BYTES BUFFER
#define DRONE_TRACE_RTT_PATIENCE PATIENCE
#define DRONE_TRACE_CALLERS 0
#define DRONE_TRACE_WRAP 0
#include <drone_trace.h>
#include <drone_trace_carriers.h>

void log_word(uint32_t word);

static void logged_write(uint32_t port, uint32_t word) {
    log_word(word);
    carrier_write(port, word);
}
#define carrier_write logged_write
#include <drone_trace.c>
