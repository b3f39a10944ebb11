// SPDX-License-Identifier: MIT

// Writes to port 2 without waiting, many more words than the pin can send, then one that is waited
// for.

#include "cortex_m/itm.hpp"

#include <cstdint>

int main() {
    using drone::cortex_m::itm;
    for (std::uint32_t number = 0; number < 1000; ++number)
        itm::write(2, number);
    while (!itm::ready(2)) {
    }
    itm::write(2, std::uint32_t{0xFFFF'FFFF});
    return 0;
}
