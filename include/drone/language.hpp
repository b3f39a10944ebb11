// SPDX-License-Identifier: MIT
#pragma once

// Included first by every header that includes no other of ours. Under an older standard it ends
// the compilation, so that its one line is the only error.

#if __cplusplus < 202002L
#error                                                                                             \
    "Drone needs C++20: compile with -std=c++20 or later (CMake: target_compile_features(your_target PRIVATE cxx_std_20))"
#include <drone/end_of_compilation> // does not exist: nothing after it would compile
#endif

// GCC makes no tail call on Arm to a public function that it has not emitted yet, so every caller
// would save and restore lr for a way that hardly ever is taken. Optimised for size the linker had
// better merge them.
#if defined(__OPTIMIZE_SIZE__)
#define DRONE_A_CALL_AWAY [[gnu::noinline]] inline
#else
#define DRONE_A_CALL_AWAY [[gnu::noinline]] static
#endif
