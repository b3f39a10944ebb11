// SPDX-License-Identifier: MIT

// Writes a random native trace:
//
//     build/bench/write_trace EVENTS FILE [callers]

#include "random_trace.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
    const bool has_callers = argc == 4 && std::string_view(argv[3]) == "callers";
    const double events = argc == 3 || has_callers ? std::strtod(argv[1], nullptr) : 0;
    if (events < 1 || events > 1e15) {
        std::fputs(
            "usage: write_trace EVENTS FILE [callers], e.g. write_trace 1e9 heaptrace\n", stderr
        );
        return 2;
    }
    std::FILE* const out = std::fopen(argv[2], "wb");
    if (out == nullptr) {
        std::perror(argv[2]);
        return 1;
    }
    const bool written =
        drone::trace::random_trace(has_callers).write(static_cast<std::uint64_t>(events), out);
    if (std::fclose(out) != 0 || !written) {
        std::perror(argv[2]);
        return 1;
    }
    return 0;
}
