/* SPDX-License-Identifier: MIT
 * drone_trace_config.h of the tests: a port, a core and contexts that the test simulates. */
#include <stdint.h>

int simulated_enabled(uint32_t port);
int simulated_ready(uint32_t port);
void simulated_write(uint32_t port, uint32_t word);
uint32_t simulated_mask(void);
void simulated_unmask(uint32_t before);
uint32_t simulated_context(void);
const char* simulated_name(void);

#define DRONE_TRACE_CUSTOM 1
#define DRONE_TRACE_ENABLED(port) simulated_enabled(port)
#define DRONE_TRACE_READY(port) simulated_ready(port)
#define DRONE_TRACE_WRITE(port, word) simulated_write(port, word)
#define DRONE_TRACE_MASK() simulated_mask()
#define DRONE_TRACE_UNMASK(before) simulated_unmask(before)
#define DRONE_TRACE_HEAPS 2
#define DRONE_TRACE_WRAP 0
#ifdef TELLS_STACKS
uint32_t simulated_walk(uint32_t* frames, uint32_t most, const void* caller);
#define DRONE_TRACE_WALK(frames, most, caller) simulated_walk(frames, most, caller)
#endif
#ifdef TELLS_CONTEXT
#define DRONE_TRACE_CONTEXT() simulated_context()
#endif
#ifdef TELLS_NAMES
#define DRONE_TRACE_CONTEXT_NAME() simulated_name()
#endif
