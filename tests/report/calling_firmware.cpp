// SPDX-License-Identifier: MIT

// Asks for memory from known lines, by way of inlined functions, a member of a template among them;
// firmware_callers_test asks which functions the return addresses are in.

#include <cstddef>
#include <cstdint>

extern "C" [[gnu::noinline]] void ask_heap(std::size_t size) { asm volatile("" : : "r"(size)); }

namespace {

volatile std::uint32_t done = 0; // keeps calls from being jumps

template <class T>
struct queue {
    void grow() {
        ask_heap(8 * sizeof(T)); // line 18
        done = done + 1;
    }
};

[[gnu::always_inline]] inline void receive(queue<std::uint32_t>& packets) {
    packets.grow(); // line 24
}

[[gnu::noinline]] void run_link() {
    queue<std::uint32_t> packets;
    receive(packets); // line 29
    done = done + 1;
}

} // namespace

int main() {
    run_link();
    ask_heap(5); // line 37
    done = done + 1;
    return 0;
}
