// SPDX-License-Identifier: MIT

// Writes the realistic stream of realistic.hpp:
//
//     build/bench/write_stream BYTES FILE

#include "realistic.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

int main(int argc, char** argv) {
    const double bytes = argc == 3 ? std::strtod(argv[1], nullptr) : 0;
    if (bytes < 1 || bytes > 1e10) {
        std::fputs("usage: write_stream BYTES FILE, e.g. write_stream 1e7 capture.swo\n", stderr);
        return 2;
    }
    const auto made = drone::bench::realistic_stream(static_cast<std::size_t>(bytes));
    std::ofstream out(argv[2], std::ios::binary);
    out.write(
        reinterpret_cast<const char*>(made.data()), static_cast<std::streamsize>(made.size())
    );
    if (!out.flush()) {
        std::perror(argv[2]);
        return 1;
    }
    return 0;
}
