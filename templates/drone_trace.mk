# Drone's tracer in a makefile: `include drone_trace.mk` after its lists of objects and of linker flags, OBJECTS or OBJS
# and LDFLAGS. If they have other names, put these lines there.
# newlib and newlib-nano. picolibc and any other malloc: -Wl,--wrap=malloc,--wrap=free,--wrap=realloc
ifdef OBJECTS
OBJECTS += drone_trace.o
else
OBJS += drone_trace.o
endif
LDFLAGS += -Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r
