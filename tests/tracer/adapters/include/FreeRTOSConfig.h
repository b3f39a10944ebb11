#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H
#define configTOTAL_HEAP_SIZE 6144
#define portBYTE_ALIGNMENT 8
#define configUSE_MALLOC_FAILED_HOOK 1
#include "drone_freertos.h"
#endif
