// SPDX-License-Identifier: MIT

// Three levels: PendSV is preempted by SysTick, which is preempted by TIM2. Each notes where it
// begins and ends; SysTick waits until TIM2 has come, so it must be nested. Exit 0 when all went by
// priority.

#include "cortex_m/nvic.hpp"
#include "cortex_m/primask.hpp"
#include "cortex_m/startup.hpp"
#include "cortex_m/systick.hpp"

#include <cstdint>
#include <string_view>

namespace {

constexpr unsigned tim2 = 28;

volatile std::uint32_t& timer(std::uintptr_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(0x4000'0000 + offset);
}

char story[32];
volatile unsigned length = 0;
volatile bool timer_came = false;
volatile float scratch = 1.5F;

void note(char what) {
    const unsigned at = length;
    story[at] = what;
    length = at + 1;
}

} // namespace

void pend_sv_handler() {
    note('p');
    drone::cortex_m::systick::start(50);
    while (length < 5) {
    }
    note('P');
}

void systick_handler() {
    drone::cortex_m::systick::stop();
    note('s');
    timer(0x2C) = 40; // ARR
    timer(0x24) = 0;  // CNT
    timer(0x0C) = 1;  // DIER: update interrupt
    timer(0x00) = 1;  // CR1: enable
    while (!timer_came) {
    }
    note('S');
}

void interrupt_handler(unsigned irq) {
    if (irq != tim2) return;
    note('t');
    scratch = scratch * 2.0F; // the handler's floating point must not disturb main's
    timer(0x00) = 0;
    timer(0x10) = 0;
    timer_came = true;
    note('T');
}

int main() {
    using namespace drone::cortex_m;
    nvic::set_system_priority(14, 0xF0);
    nvic::set_system_priority(15, 0x80);
    nvic::set_priority(tim2, 0x40);
    nvic::enable(tim2);
    float sum = 0.0F;
    {
        const interrupt_mask masked;
        nvic::pend_sv();
        for (int i = 1; i <= 4; ++i)
            sum += static_cast<float>(i) * scratch;
        if (length != 0) return 2; // taken although masked
    }
    asm volatile("isb");
    if (sum != 15.0F) return 3;
    return std::string_view(story, length) == "pstTSP" ? 0 : 1;
}
