// SPDX-License-Identifier: MIT

// Sends many numbered words on port 5, each when there is room, and ends. Without a listener it only counts.

#include "cortex_m/itm.hpp"

#include <cstdint>

volatile std::uint32_t sent; // for debuggers

[[gnu::noinline]] void send_word(std::uint32_t number) {
    using drone::cortex_m::itm;
    while (itm::enabled(5) && !itm::ready(5)) {
    }
    itm::write(5, number);
    sent = number;
}

int main() {
    for (std::uint32_t number = 1; number <= 5000; ++number)
        send_word(number);
    return 0;
}
