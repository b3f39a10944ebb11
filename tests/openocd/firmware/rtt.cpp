// SPDX-License-Identifier: MIT

// Sends bytes over an RTT up-buffer, each when there is room, and ends: a control block as SEGGER
// describes it, and nothing else.

#include <cstdint>
#include <cstring>

namespace {

struct up_buffer {
    const char* name;
    volatile std::uint8_t* bytes;
    std::uint32_t size;
    volatile std::uint32_t written;
    volatile std::uint32_t read; // the host's
    std::uint32_t flags;
};

struct control_block {
    char id[16];
    std::int32_t ups;
    std::int32_t downs;
    up_buffer up;
};

volatile std::uint8_t bytes[1024];
control_block block;

void set_up() {
    block.ups = 1;
    block.up = {"test", bytes, sizeof bytes, 0, 0, 2};
    std::memcpy(block.id, "SEGGER RTT", 11);
}

} // namespace

extern "C" [[gnu::noinline]] void send(std::uint8_t byte) {
    const std::uint32_t next = (block.up.written + 1) % sizeof bytes;
    while (next == block.up.read) {
    }
    bytes[block.up.written] = byte;
    block.up.written = next;
}

int main() {
    set_up();
    for (std::uint32_t number = 0; number < 20'000; ++number)
        send(static_cast<std::uint8_t>(number * 7 + (number >> 8U)));
    return 0;
}
