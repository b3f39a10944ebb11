/* SPDX-License-Identifier: MIT
 *
 * Settings of drone_trace.c. Copy this file into a folder of your include path; what stays commented
 * out is the default. */

/* -- Where the words go: one of these. Default: the ITM on Armv7-M and Armv8-M Mainline, a file on
 *    Linux, else the RAM ring. */
/* #define DRONE_TRACE_ITM 1         SWO pin: `drone log :0 heaptrace:31` */
/* #define DRONE_TRACE_UART 1        a UART of yours, ITM framing: `drone log --input serial:/dev/ttyUSB0@115200 ...` */
/* #define DRONE_TRACE_RTT 1         SEGGER RTT, which a debug probe reads: docs/probes.md */
/* #define DRONE_TRACE_RAM_RING 1    the last words in RAM: dump it, then `drone heap -f DUMP` */
/* #define DRONE_TRACE_SEMIHOSTING 1 file heaptrace of the debugger, or of QEMU */
/* #define DRONE_TRACE_FILE 1        file heaptrace, of a program on Linux */
/* #define DRONE_TRACE_CUSTOM 1      your own, by these three:
   #define DRONE_TRACE_ENABLED(port)     whether somebody listens
   #define DRONE_TRACE_READY(port)       whether a word can be written now
   #define DRONE_TRACE_WRITE(port, word) writes it */

/* -- The UART, set up by the program. */
/* #define DRONE_TRACE_UART_ENABLED() ((USART2->CR1 & USART_CR1_TE) != 0) */
/* #define DRONE_TRACE_UART_READY() ((USART2->SR & USART_SR_TXE) != 0) */
/* #define DRONE_TRACE_UART_WRITE(byte) (USART2->DR = (byte)) */

/* -- RTT: the buffer, a power of two; and how often it is found full until nobody listens. */
/* #define DRONE_TRACE_RTT_BYTES 1024 */
/* #define DRONE_TRACE_RTT_PATIENCE 0x400000 */
/* #define DRONE_TRACE_RTT_UP and DRONE_TRACE_RTT_OPEN(bytes, size)   a descriptor of the program's own block, and what
                                                                      sets it up: SEGGER_RTT_ConfigUpBuffer() */

/* -- The RAM ring: 4 bytes a word, and 24; a power of two from 64 on. */
/* #define DRONE_TRACE_RING_WORDS 1024 */

/* -- What is told. */
/* #define DRONE_TRACE_CALLERS 1     0: not who asked; half the bytes */
/* #define DRONE_TRACE_STACKS 0      most frames of who asked, up to 31; needs a second link: docs/stacks.md */
/* #define DRONE_TRACE_WALK(frames, most, caller) walk_of_mine(frames, most, caller)   where no frame table is: puts
                                                           return addresses into uint32_t frames[most], innermost
                                                           first, from `caller` on, and returns how many */
/* #define DRONE_TRACE_DROP 0        1: leave out, and count, what the link does not take */
/* #define DRONE_TRACE_CONTEXT() drone_trace_exception()   in which exception; or a number of your own, with 512
                                                           + n for thread n */
/* #define DRONE_TRACE_CONTEXT_NAME() task_name()   of that context, the first time; NULL: it has none */
/* #define DRONE_TRACE_HEAPS 1       most heaps */
/* #define DRONE_TRACE_PERIOD 2048   events between two announcements, a power of two; less for a link that loses much */

/* -- The heap that the wrapped malloc of newlib or picolibc has. Default: from __heap_start to __heap_end where the
 *    linker script has them, else from `end` to where the stack is at the first call. */
/* #define DRONE_TRACE_HEAP_BASE ((void*)&_end) */
/* #define DRONE_TRACE_HEAP_SIZE 0x4000 */
/* #define DRONE_TRACE_HEAP_ALIGNMENT 8   what each block's address is a multiple of */
/* #define DRONE_TRACE_WRAP 1        0: no wrappers, 1: of _malloc_r and its kin (newlib), 2: of malloc and its kin */
/* #define DRONE_TRACE_WRAP_MORE 1   of memalign, too, and with 2 of calloc and aligned_alloc */
/* #define DRONE_TRACE_MALLOC_LOCK() and DRONE_TRACE_MALLOC_UNLOCK()   of the allocator, where threads share it
                                                                       (newlib's are known) */

/* -- How interrupts are masked. Known for Cortex-M, RISC-V (machine mode) and Linux. */
/* #define DRONE_TRACE_MASK() and DRONE_TRACE_UNMASK(state)   state: a uint32_t */
