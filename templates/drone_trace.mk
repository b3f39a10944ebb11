# Drone's tracer in a makefile: `include drone_trace.mk` after its lists of objects and of linker flags, OBJECTS or OBJS
# and LDFLAGS. If they have other names, put these lines there.
# newlib and newlib-nano. picolibc and any other malloc: -Wl,--wrap=malloc,--wrap=free,--wrap=realloc,--wrap=calloc,
# --wrap=memalign,--wrap=aligned_alloc. Without DRONE_TRACE_WRAP_MORE three flags will do: malloc, free and realloc. calloc
# is then malloc's, and memalign is not traced as what it is.
ifdef OBJECTS
OBJECTS += drone_trace.o
else
OBJS += drone_trace.o
endif
drone_trace.o: CFLAGS += -DDRONE_TRACE_WRAP_MORE=1
LDFLAGS += -Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r,--wrap=_calloc_r,--wrap=_memalign_r
