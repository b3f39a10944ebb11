// SPDX-License-Identifier: MIT
// QEMU's RV32 machine `virt` for a program that runs to its end: start-up, and the test device.

#include <cstddef>
#include <cstdint>

int main();

extern "C" {

// There is no C library here, and the compiler may call these.
void* memcpy(void* to, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        static_cast<volatile unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
    return to;
}
void* memset(void* to, int value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        static_cast<volatile unsigned char*>(to)[i] = static_cast<unsigned char>(value);
    return to;
}

[[noreturn, gnu::used]] static void run() {
    *reinterpret_cast<volatile std::uint32_t*>(0x0010'0000) = main() == 0 ? 0x5555U : 0x1'3333U;
    for (;;) {
    }
}

[[gnu::naked, gnu::section(".start")]] void start() { asm volatile("la sp, stack_top\n\tj run"); }
}
