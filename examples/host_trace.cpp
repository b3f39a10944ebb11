// SPDX-License-Identifier: MIT

// A program on Linux whose heap is traced into the file `heaptrace`, for `drone heap` to read: here
// the firmware's logic is tried out before there is a board. One block is never given back.

#include <drone/declare.hpp>
#include <drone/memory_resource.hpp>

#include <cstdlib>
#include <host/exclusive.hpp>
#include <host/trace_file.hpp>
#include <thread>
#include <vector>

namespace {

constexpr auto pools = drone::make_layout(2048, {{16, 8}, {48, 8}, {256, 4}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    using carrier = drone::host::trace_file;
    static constexpr drone::heap_settings settings{
        // Comment the following line to stop tracing the heap:
        .trace_port = 31,
    };
};
constinit drone::declared_heap<heap_options> heap;

void receive() {
    drone::memory_resource memory(heap);
    std::pmr::vector<std::pmr::vector<char>> frames(&memory);
    frames.reserve(3);
    for (const std::size_t size : {10U, 40U, 200U})
        frames.emplace_back(size, 'x');
}

} // namespace

void drone::heap_exhausted(std::size_t) { std::abort(); } // its trace is in the file

int main() {
    heap.initialize();
    receive();
    std::thread(receive).join();
    static_cast<void>(heap.allocate(33));
}
