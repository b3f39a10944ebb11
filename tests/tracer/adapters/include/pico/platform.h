/* pico-sdk 2, pico/platform.h, as far as the adapter uses it. */
#ifndef PICO_PLATFORM_H
#define PICO_PLATFORM_H
unsigned int get_core_num(void);
unsigned int __get_current_exception(void);
#endif
