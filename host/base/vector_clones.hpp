// SPDX-License-Identifier: MIT
#pragma once

// DRONE_VECTOR_CLONES before a function compiles it for several instruction sets; the program takes
// the best one that the machine has when it starts. Elsewhere the function is compiled once. (The
// loader resolves it before a sanitizer is ready, so not under those.)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DRONE_VECTOR_CLONES [[gnu::target_clones("arch=x86-64-v4", "avx2", "default")]]
#else
#define DRONE_VECTOR_CLONES
#endif
