/* SPDX-License-Identifier: MIT */

/* newlib's stubs as makers of chips give them: standard output is the ITM's port 0, the heap is what lies between
 * .bss and the stack. */
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#define ITM_PORT0 (*(volatile uint32_t*)0xE0000000)
#define ITM_PORT0_BYTE (*(volatile uint8_t*)0xE0000000)
#define ITM_ENABLED (*(volatile uint32_t*)0xE0000E00)

extern uint8_t _end[], _estack[];

void* _sbrk(int bytes) {
    static uint8_t* top = _end;
    uint8_t* const before = top;
    if ((uintptr_t)top + bytes > (uintptr_t)_estack - 4096) {
        errno = ENOMEM;
        return (void*)-1;
    }
    top += bytes;
    return before;
}

int _write(int file, const char* text, int size) {
    (void)file;
    if ((ITM_ENABLED & 1) == 0) return size;
    for (int i = 0; i < size; ++i) {
        while (ITM_PORT0 == 0) {
        }
        ITM_PORT0_BYTE = (uint8_t)text[i];
    }
    return size;
}

int _read(int file, char* into, int size) {
    (void)file, (void)into, (void)size;
    return 0;
}

int _close(int file) {
    (void)file;
    return -1;
}

int _lseek(int file, int offset, int whence) {
    (void)file, (void)offset, (void)whence;
    return 0;
}

int _fstat(int file, struct stat* status) {
    (void)file;
    status->st_mode = S_IFCHR;
    return 0;
}

int _isatty(int file) {
    (void)file;
    return 1;
}

int _kill(int process, int signal) {
    (void)process, (void)signal;
    errno = EINVAL;
    return -1;
}

int _getpid(void) { return 1; }

void _exit(int status) {
    (void)status;
    for (;;)
        __asm__ volatile("wfi");
}
