/* SPDX-License-Identifier: MIT */

/* What Lua needs of the system beyond its maker's stubs: there are no files, and no clock. */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>

int _open(const char* name, int flags, int mode) {
    (void)name, (void)flags, (void)mode;
    errno = ENOENT;
    return -1;
}

clock_t _times(struct tms* used) {
    (void)used;
    return 0;
}

int _gettimeofday(struct timeval* now, void* zone) {
    (void)zone;
    now->tv_sec = 0;
    now->tv_usec = 0;
    return 0;
}
