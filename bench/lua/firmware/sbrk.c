/* SPDX-License-Identifier: MIT */

/* For newlib's own malloc: all that the stack leaves. */
#include <errno.h>
#include <stddef.h>

extern char _ebss, _estack;

static char* top; /* no malloc gives anything back: also the high-water mark */

size_t sbrk_bytes(void) { return top == NULL ? 0 : (size_t)(top - &_ebss); }

void* _sbrk(ptrdiff_t more) {
    enum { stack = 12 * 1024 };
    if (top == NULL) top = &_ebss;
    if (top + more > &_estack - stack) {
        errno = ENOMEM;
        return (void*)-1;
    }
    char* const before = top;
    top += more;
    return before;
}

/* picolibc's name for it */
void* sbrk(ptrdiff_t more) { return _sbrk(more); }
