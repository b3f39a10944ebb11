// SPDX-License-Identifier: MIT

// Prints the address that its one call returns to; symbols_test asks which functions that is.

#include <cstdio>

[[gnu::noinline]] void print_caller() {
    std::printf("%zx\n", reinterpret_cast<std::size_t>(__builtin_return_address(0)));
}

[[gnu::always_inline]] inline void make_request() {
    print_caller(); // line 12
}

[[gnu::noinline]] void run_task() {
    make_request(); // line 16
    std::puts("");
}

int main() {
    run_task();
    return 0;
}
