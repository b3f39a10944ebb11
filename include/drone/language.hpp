// SPDX-License-Identifier: MIT
#pragma once

// Included first by every header that includes no other of ours. Under an older standard it ends
// the compilation, so that its one line is the only error.

#if __cplusplus < 202002L
#error                                                                                             \
    "Drone needs C++20: compile with -std=c++20 or later (CMake: target_compile_features(your_target PRIVATE cxx_std_20))"
#include <drone/end_of_compilation> // does not exist: nothing after it would compile
#endif
