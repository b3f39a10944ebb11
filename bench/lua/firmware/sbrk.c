/* SPDX-License-Identifier: MIT */

/* For newlib's own malloc: all that the stack leaves. */
#include <errno.h>
#include <stddef.h>

extern char _ebss, _estack;

void* _sbrk(ptrdiff_t more) {
    enum { stack = 12 * 1024 };
    static char* top;
    if (top == NULL) top = &_ebss;
    if (top + more > &_estack - stack) {
        errno = ENOMEM;
        return (void*)-1;
    }
    char* const before = top;
    top += more;
    return before;
}
