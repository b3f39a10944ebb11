/* SPDX-License-Identifier: MIT
 *
 * Part of drone_trace.c: its settings (templates/drone_trace_config.h has them all), how interrupts are
 * masked, and the carriers of words. A carrier is a few functions: whether somebody listens to a port,
 * whether it takes a word now, and the write, which is called with interrupts masked. */
#ifndef DRONE_TRACE_CARRIERS_H
#define DRONE_TRACE_CARRIERS_H

/* -- Settings -------------------------------------------------------------------------------------- */

#define DRONE_TRACE_C /* for adapters that are settings, too */
#ifdef DRONE_TRACE_CONFIG
#include DRONE_TRACE_CONFIG
#elif !defined __has_include
#include "drone_trace_config.h"
#elif __has_include("drone_trace_config.h")
#include "drone_trace_config.h"
#endif

#if defined __ARM_ARCH_6M__ || defined __ARM_ARCH_7M__ || defined __ARM_ARCH_7EM__ ||              \
    defined __ARM_ARCH_8M_BASE__ || defined __ARM_ARCH_8M_MAIN__ || defined __ARM_ARCH_8_1M_MAIN__
#define ARM_M 1
#endif
#if !defined DRONE_TRACE_ITM && !defined DRONE_TRACE_UART && !defined DRONE_TRACE_RAM_RING &&      \
    !defined DRONE_TRACE_SEMIHOSTING && !defined DRONE_TRACE_FILE && !defined DRONE_TRACE_RTT &&   \
    !defined DRONE_TRACE_CUSTOM
#if defined ARM_M && !defined __ARM_ARCH_6M__ && !defined __ARM_ARCH_8M_BASE__
#define DRONE_TRACE_ITM 1
#elif defined __linux__
#define DRONE_TRACE_FILE 1
#else
#define DRONE_TRACE_RAM_RING 1
#endif
#endif
#ifndef DRONE_TRACE_STACKS
#define DRONE_TRACE_STACKS 0
#endif
#if DRONE_TRACE_STACKS != 0 /* whose first frame is the caller */
#undef DRONE_TRACE_CALLERS
#define DRONE_TRACE_CALLERS 0
#elif !defined DRONE_TRACE_CALLERS
#define DRONE_TRACE_CALLERS 1
#endif
#ifndef DRONE_TRACE_DROP
#define DRONE_TRACE_DROP 0
#endif
#ifndef DRONE_TRACE_HEAPS
#define DRONE_TRACE_HEAPS 1
#endif
#ifndef DRONE_TRACE_CONTEXT
#define DRONE_TRACE_CONTEXT() NO_CONTEXT
#endif
#ifndef DRONE_TRACE_RING_WORDS
#define DRONE_TRACE_RING_WORDS 1024
#endif
#ifndef DRONE_TRACE_PERIOD
#if !defined DRONE_TRACE_RAM_RING
#define DRONE_TRACE_PERIOD (DRONE_TRACE_STACKS == 0 ? 2048 : 8192)
#elif DRONE_TRACE_STACKS != 0 /* a ring always holds a whole announcement, and then stacks */
#define DRONE_TRACE_PERIOD (DRONE_TRACE_RING_WORDS / (DRONE_TRACE_STACKS > 8 ? 128 : 64))
#if DRONE_TRACE_RING_WORDS < 128
#error "DRONE_TRACE_STACKS needs a ring of at least 128 words"
#endif
#elif defined DRONE_TRACE_CONTEXT_NAME
#define DRONE_TRACE_PERIOD (DRONE_TRACE_RING_WORDS / 32)
#else
#define DRONE_TRACE_PERIOD (DRONE_TRACE_RING_WORDS / 16)
#endif
#endif

/* The wrapped allocator's functions, its lock, and its arena. */
#ifndef DRONE_TRACE_WRAP
#if defined __PICOLIBC__ || defined __linux__
#define DRONE_TRACE_WRAP 2
#else
#define DRONE_TRACE_WRAP 1
#endif
#endif
#if DRONE_TRACE_WRAP == 1
#define WRAP(name) __wrap__##name##_r
#define REAL(name) __real__##name##_r
#define WHOSE void *reent,
#define GIVEN reent,
#define OWNER reent
#define OWNED void* reent
void __malloc_lock(void*) __attribute__((weak));
void __malloc_unlock(void*) __attribute__((weak));
#define LOCK() (__malloc_lock != NULL ? __malloc_lock(reent) : (void)0)
#define UNLOCK() (__malloc_unlock != NULL ? __malloc_unlock(reent) : (void)0)
#elif DRONE_TRACE_WRAP == 2
#define WRAP(name) __wrap_##name
#define REAL(name) __real_##name
#define WHOSE
#define GIVEN
#define OWNER
#define OWNED void
#ifndef DRONE_TRACE_MALLOC_LOCK
#define DRONE_TRACE_MALLOC_LOCK() ((void)0)
#define DRONE_TRACE_MALLOC_UNLOCK() ((void)0)
#endif
#define LOCK() DRONE_TRACE_MALLOC_LOCK()
#define UNLOCK() DRONE_TRACE_MALLOC_UNLOCK()
#endif
#define CALLER __builtin_return_address(0)
#define WRAPPER(result, name, parameters)                                                          \
    result REAL(name) parameters;                                                                  \
    result WRAP(name)                                                                              \
    parameters __attribute__((noinline));                                                          \
    result WRAP(name) parameters
#ifndef DRONE_TRACE_HEAP_ALIGNMENT
#define DRONE_TRACE_HEAP_ALIGNMENT (2 * sizeof(void*))
#endif
#if DRONE_TRACE_WRAP != 0 && !defined DRONE_TRACE_HEAP_BASE
extern char __heap_start[] __attribute__((weak)), __heap_end[] __attribute__((weak));
extern char end[] __attribute__((weak));
#define DRONE_TRACE_HEAP_BASE (__heap_start != NULL ? __heap_start : end)
#define DRONE_TRACE_HEAP_SIZE                                                                      \
    ((uintptr_t)(__heap_end != NULL ? (void*)__heap_end : __builtin_frame_address(0)) -            \
     (uintptr_t)DRONE_TRACE_HEAP_BASE)
#endif

/* First six digits of the build ID, where linker script and linker give one (drone/identity.hpp). */
extern const unsigned char drone_build_id_begin[] __attribute__((weak));
extern const unsigned char drone_build_id_end[] __attribute__((weak));
static __attribute__((noinline)) uint32_t identity(void) {
    const unsigned char* const id = drone_build_id_begin + 16;
    if ((uintptr_t)drone_build_id_end - (uintptr_t)drone_build_id_begin < 19) return 0;
    return (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2];
}

/* -- Interrupts --------------------------------------------------------------------------------- */

#ifdef DRONE_TRACE_MASK
#elif defined ARM_M
static inline uint32_t primask(void) {
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
    return before;
}
#define DRONE_TRACE_MASK() primask()
#define DRONE_TRACE_UNMASK(before) __asm__ volatile("msr primask, %0" : : "r"(before) : "memory")
#elif defined __riscv && !defined __linux__
static inline uint32_t mstatus(void) {
    uintptr_t before;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
    return (uint32_t)before & 8U;
}
#define DRONE_TRACE_MASK() mstatus()
#define DRONE_TRACE_UNMASK(before)                                                                 \
    __asm__ volatile("csrs mstatus, %0" : : "r"((uintptr_t)(before)) : "memory")
#else
static char locked;
static inline uint32_t lock(void) {
    while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) {
    }
    return 0;
}
#define DRONE_TRACE_MASK() lock()
#define DRONE_TRACE_UNMASK(before) ((void)(before), __atomic_clear(&locked, __ATOMIC_RELEASE))
#endif

#if defined DRONE_TRACE_CONTEXT && defined ARM_M
static inline uint32_t drone_trace_exception(void) {
    uint32_t number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    return number;
}
#endif

/* -- Carriers: enabled, ready and write of a port ---------------------------------------------------- */

#define TRACE_PORT(index) (31U - (uint32_t)(index))

#ifdef DRONE_TRACE_ITM
#define ITM(offset) (*(volatile uint32_t*)(0xE0000000U + (offset)))
static inline int carrier_enabled(uint32_t port) { return (int)(ITM(0xE00) >> port & 1U); }
static inline int carrier_ready(uint32_t port) { return (int)(ITM(4 * port) & 1U); }
static inline int carrier_running(void) { return (int)(ITM(0xE80) & 1U); }
static inline void carrier_write(uint32_t port, uint32_t word) { ITM(4 * port) = word; }
#elif defined DRONE_TRACE_UART
#ifndef DRONE_TRACE_UART_ENABLED
#define DRONE_TRACE_UART_ENABLED() 1
#endif
#define QUEUE_SIZE 64U
static volatile uint8_t queue[QUEUE_SIZE];
static volatile uint32_t appended, sent; /* run on; the queue is what is between them */
static uint32_t packets;
static inline int carrier_enabled(uint32_t port) {
    (void)port;
    return DRONE_TRACE_UART_ENABLED();
}
static inline void send_bytes(uint32_t most) {
    for (; most != 0 && sent != appended && DRONE_TRACE_UART_READY(); --most) {
        DRONE_TRACE_UART_WRITE(queue[sent % QUEUE_SIZE]);
        ++sent;
    }
}
static inline void append(uint32_t byte) {
    queue[appended % QUEUE_SIZE] = (uint8_t)byte;
    ++appended;
}
/* Room for a synchronisation and a packet. */
static int carrier_ready(uint32_t port) {
    if (!carrier_enabled(port)) return 0;
    send_bytes(7);
    return QUEUE_SIZE - (appended - sent) >= 11;
}
static void carrier_write(uint32_t port, uint32_t word) {
    unsigned i;
    if (packets++ % 256 == 0)
        for (i = 0; i < 6; ++i)
            append(i < 5 ? 0 : 0x80U);
    append(port << 3 | 3U);
    for (i = 0; i < 4; ++i, word >>= 8)
        append(word & 0xFFU);
}
static int carrier_pump(void) {
    uint32_t before, left;
    do {
        before = sent;
        left = DRONE_TRACE_MASK();
        send_bytes(1);
        DRONE_TRACE_UNMASK(left);
    } while (sent != before);
    return sent != appended && DRONE_TRACE_UART_ENABLED();
}
#elif defined DRONE_TRACE_RTT
#include "drone_trace_rtt.h"
#elif defined DRONE_TRACE_RAM_RING
/* As include/drone/ram_ring.hpp has it. The name keeps it out of .bss where the linker script does. */
static volatile struct ring {
    uint32_t magic[2], shape, address, check, written, words[DRONE_TRACE_RING_WORDS];
} rings[DRONE_TRACE_HEAPS] __attribute__((section(".bss.drone_noinit_trace")));
static uint32_t begun; /* since the reset, a bit for each */
#define ROTL(value, by) ((value) << (by) | (value) >> (32 - (by)))
static void begin_ring(volatile struct ring* r, uint32_t port) {
    const uint32_t shape = 1U << 24 | port << 16 | (uint32_t)__builtin_ctz(DRONE_TRACE_RING_WORDS);
    const uint32_t address = (uint32_t)(uintptr_t)r, mixed = shape * 0x9E3779B1U;
    const uint32_t check = ROTL(mixed, 13) ^ ROTL(address, 7) ^ 0xB6E193D7U;
    begun |= 1U << port;
    if (r->magic[0] == 0xB6E193D7U && r->magic[1] == 0x8FA52C9BU && r->shape == shape &&
        r->address == address && r->check == check)
        return;
    r->check = ~check;
    r->written = 0;
    r->magic[0] = 0xB6E193D7U;
    r->magic[1] = 0x8FA52C9BU;
    r->shape = shape;
    r->address = address;
    r->check = check;
}
static inline int carrier_enabled(uint32_t port) { return port < 32; }
static inline int carrier_ready(uint32_t port) { return port < 32; }
static void carrier_write(uint32_t port, uint32_t word) {
    volatile struct ring* const r = &rings[31 - port];
    if ((begun >> port & 1U) == 0) begin_ring(r, port);
    r->words[r->written % DRONE_TRACE_RING_WORDS] = word;
    r->written = r->written + 1 == 0 ? DRONE_TRACE_RING_WORDS : r->written + 1;
}
#elif defined DRONE_TRACE_SEMIHOSTING || defined DRONE_TRACE_FILE
/* A file heaptrace for the first heap, heaptrace1 for the next, and so on. */
#ifdef DRONE_TRACE_FILE
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static intptr_t open_file(const char* name) {
    return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}
static int write_file(intptr_t file, const void* from, size_t size) {
    return write((int)file, from, size) == (ssize_t)size;
}
#else
static intptr_t semihosting(uintptr_t operation, const void* parameters) {
#ifdef __riscv
    register uintptr_t a0 __asm__("a0") = operation;
    register const void* a1 __asm__("a1") = parameters;
    __asm__ volatile(".balign 16\n\t.option push\n\t.option norvc\n\tslli x0, x0, 0x1f\n\tebreak\n"
                     "\tsrai x0, x0, 7\n\t.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return (intptr_t)a0;
#else
    register uintptr_t r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = parameters;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (intptr_t)r0;
#endif
}
static intptr_t open_file(const char* name) {
    const uintptr_t parameters[3] = {(uintptr_t)name, 5, name[9] == 0 ? 9 : 10}; /* wb */
    return semihosting(1, parameters);
}
static int write_file(intptr_t file, const void* from, size_t size) {
    const uintptr_t parameters[3] = {(uintptr_t)file, (uintptr_t)from, size};
    return semihosting(5, parameters) == 0;
}
#endif
static intptr_t files[DRONE_TRACE_HEAPS]; /* 0: not opened yet, -1: it cannot be, or it is full */
static inline int carrier_enabled(uint32_t port) { return files[31 - port] >= 0; }
static inline int carrier_ready(uint32_t port) { return carrier_enabled(port); }
static void carrier_write(uint32_t port, uint32_t word) {
    intptr_t* const file = &files[31 - port];
    if (*file == 0) {
        char name[] = "heaptrace\0";
        if (port != 31) name[9] = (char)('0' + (31 - port));
        *file = open_file(name);
    }
    if (*file >= 0 && !write_file(*file, &word, sizeof word)) *file = -1;
}
#else
static inline int carrier_enabled(uint32_t port) { return DRONE_TRACE_ENABLED(port); }
static inline int carrier_ready(uint32_t port) { return DRONE_TRACE_READY(port); }
static inline void carrier_write(uint32_t port, uint32_t word) { DRONE_TRACE_WRITE(port, word); }
#endif
#ifndef DRONE_TRACE_ITM
static inline int carrier_running(void) { return 1; }
#endif
#ifndef DRONE_TRACE_UART
static inline int carrier_pump(void) { return 0; }
#endif
#endif
