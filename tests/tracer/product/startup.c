/* SPDX-License-Identifier: MIT */

/* Start-up as makers of chips give it. */
#include <stdint.h>

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;

int main(void);
void __libc_init_array(void);
void _init(void) {}

static void wait_for_ever(void) {
    for (;;)
        __asm__ volatile("wfi");
}

void Reset_Handler(void) {
    const uint32_t* from = &_sidata;
    for (uint32_t* to = &_sdata; to < &_edata;)
        *to++ = *from++;
    for (uint32_t* to = &_sbss; to < &_ebss;)
        *to++ = 0;
    *(volatile uint32_t*)0xE000ED88 |= 0xFu << 20; /* CPACR: the FPU is on */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    __libc_init_array();
    main();
    wait_for_ever();
}

static void Default_Handler(void) { wait_for_ever(); }

__attribute__((section(".isr_vector"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)&_estack,
    (uintptr_t)Reset_Handler,
    (uintptr_t)Default_Handler, /* NMI */
    (uintptr_t)Default_Handler, /* HardFault */
    (uintptr_t)Default_Handler, /* MemManage */
    (uintptr_t)Default_Handler, /* BusFault */
    (uintptr_t)Default_Handler, /* UsageFault */
};
