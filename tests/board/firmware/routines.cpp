// SPDX-License-Identifier: MIT

// Routines of known length, an interrupted exclusive store, and interrupts that count their calls:
// what the measuring tests look at. Nothing here ends by itself but main.

#include "cortex_m/nvic.hpp"
#include "cortex_m/startup.hpp"

#include <cstdint>

extern "C" {

volatile std::uint32_t shared = 7;
volatile std::uint32_t interrupts = 0; // interrupt 0
volatile std::uint32_t nested = 0;     // interrupt 1
volatile std::uint32_t results[4];

std::uint32_t four_instructions(std::uint32_t a, std::uint32_t b);
std::uint32_t conditional(std::uint32_t which);
std::uint32_t looping(std::uint32_t times);
std::uint32_t outer(std::uint32_t times);
std::uint32_t exclusive_store();
void masked();

asm(R"(
    .syntax unified
    .thumb

    .macro routine name
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endm

    .macro done name
    .size \name, . - \name
    .endm

    routine four_instructions       @ 4
    add r0, r0, r1
    eor r0, r0, r2
    eor r0, r0, r2
    bx lr
    done four_instructions

    routine conditional             @ 7, whichever way: what is skipped takes its time too
    cmp r0, #0
    ittee eq
    moveq r0, #10
    addeq r0, #1
    movne r0, #20
    addne r0, #2
    bx lr
    done conditional

    routine looping                 @ 2 * times + 1
0:  subs r0, #1
    bne 0b
    bx lr
    done looping

    routine outer                   @ push, bl, looping, pop: 2 * times + 4
    push {r4, lr}
    bl looping
    pop {r4, pc}
    done outer

    routine exclusive_store         @ 0 when the store succeeded; the value is written back as it was
    ldr r1, =shared
    ldrex r2, [r1]
    nop
    nop
    strex r0, r2, [r1]
    bx lr
    .ltorg
    done exclusive_store

    routine masked                  @ masked: nop, nop, cpsie
    cpsid i
    nop
    nop
    cpsie i
    bx lr
    done masked
    .text
)");
}

// Touches what the exclusive access holds, and leaves it as it was.
void interrupt_handler(unsigned irq) {
    shared = shared;
    if (irq == 0) {
        interrupts = interrupts + 1;
    } else {
        nested = nested + 1;
    }
}

int main() {
    drone::cortex_m::nvic::set_priority(0, 0x80);
    drone::cortex_m::nvic::set_priority(1, 0x40);
    drone::cortex_m::nvic::enable(0);
    drone::cortex_m::nvic::enable(1);
    results[0] = four_instructions(1, 2);
    results[1] = conditional(0) + conditional(1);
    results[2] = looping(10) + looping(100) + outer(5);
    results[3] = exclusive_store();
    masked();
    return results[1] == 33 ? static_cast<int>(results[3]) : 2;
}
