# Drone's tracer in a makefile: `include drone_trace.mk` after OBJECTS and LDFLAGS, or put these lines there.
# newlib and newlib-nano. picolibc and any other malloc: -Wl,--wrap=malloc,--wrap=free,--wrap=realloc
OBJECTS += drone_trace.o
LDFLAGS += -Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r
