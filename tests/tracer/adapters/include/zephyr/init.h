#define SYS_INIT(function, level, priority) int (*const drone_init_##level)(void) = (function)
