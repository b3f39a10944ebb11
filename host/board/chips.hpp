// SPDX-License-Identifier: MIT
#pragma once

#include "board/chip.hpp"

namespace drone::board {

// The chips that all_chips() lists, beside the STM32F407. Their clock registers are not there: each
// runs at one frequency. The flash and the RAM are those of the board, whatever the chip has.
[[nodiscard]] const chip& stm32f103();
[[nodiscard]] const chip& stm32l476();
[[nodiscard]] const chip& stm32g474();
[[nodiscard]] const chip& stm32u575();
[[nodiscard]] const chip& stm32h743();
[[nodiscard]] const chip& nrf52840();

} // namespace drone::board
