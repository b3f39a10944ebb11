// SPDX-License-Identifier: MIT
// Histories that take an overflow region through everything it does: eight pools in front, so small
// that most requests find them exhausted. The bench counts the instructions of every call of
// `bench_allocate`, `bench_deallocate` and `bench_resize`. On RV32 the program counts itself.

#include <drone/declare.hpp>

#if defined(__riscv)
#include <riscv/exclusive.hpp>
#include <uart/ns16550.hpp>
#else
#include <cortex_m/exclusive.hpp>
#include <cortex_m/region_guard.hpp>
#endif

#include <cstddef>
#include <cstdint>

#if !defined(BENCH_ALIGNMENT)
#define BENCH_ALIGNMENT drone::granule
#endif
#if !defined(BENCH_CHECKING)
#define BENCH_CHECKING none
#endif
#if !defined(BENCH_STATISTICS)
#define BENCH_STATISTICS false
#endif

namespace {

constexpr std::uint32_t heap_size = 32 * 1024;
constexpr std::uint32_t offered = BENCH_ALIGNMENT < 8 ? 8 : BENCH_ALIGNMENT;

struct options {
#if defined(BENCH_ALONE)
    static constexpr auto layout = drone::make_layout(heap_size, drone::overflow::region, offered);
#else
    static constexpr auto layout = drone::make_layout(
        heap_size,
        {{8, 8}, {16, 8}, {24, 8}, {40, 6}, {64, 6}, {96, 4}, {160, 4}, {320, 2}},
        offered,
        drone::overflow::region
    );
#endif
#if defined(__riscv)
    using core = drone::riscv::single_core;
#elif defined(BENCH_CEILING)
    using core = drone::cortex_m::single_core_below<BENCH_CEILING>;
#elif defined(BENCH_ONE_CONTEXT)
    using core = drone::cortex_m::single_core_one_context;
#else
    using core = drone::cortex_m::single_core;
#endif
    static constexpr drone::heap_settings settings{
        .checking = drone::check_level::BENCH_CHECKING,
        .statistics = BENCH_STATISTICS,
    };
};
constinit drone::declared_heap<options> heap;

} // namespace

extern "C" {
/// 0: every block kept what was written to it, and the heap is whole.
volatile std::uint32_t bench_status = 0xFFFF'FFFF;
/// Bytes of the heap object that are neither blocks, nor tags, nor the pools' lists.
volatile std::uint32_t bench_control =
    sizeof heap - options::layout.size -
    static_cast<std::uint32_t>(options::layout.pool_count * sizeof(void*));
volatile std::uint32_t bench_tags = options::layout.region.tag_bytes;

[[gnu::noinline]] void* bench_allocate(std::size_t size) {
    return heap.allocate(size, BENCH_ALIGNMENT);
}
[[gnu::noinline]] void bench_deallocate(void* block) { heap.deallocate(block); }
[[gnu::noinline]] void* bench_resize(void* block, std::size_t old_size, std::size_t size) {
    return heap.place_resized(block, old_size, size, BENCH_ALIGNMENT);
}
}

namespace {

#if defined(__riscv)
/// Instructions of calls, without those that read the counter.
struct meter {
    std::uint32_t calls = 0;
    std::uint32_t least = UINT32_MAX;
    std::uint32_t most = 0;
    std::uint32_t sum = 0;

    static std::uint32_t now() {
        std::uint32_t count;
        asm volatile("csrr %0, instret" : "=r"(count) : : "memory");
        return count;
    }
    void add(std::uint32_t instructions) {
        ++calls;
        sum += instructions;
        if (instructions < least) least = instructions;
        if (instructions > most) most = instructions;
    }
};
meter meters[3];
std::uint32_t overhead = 0;

template <class Call>
auto counted(std::size_t which, Call call) {
    const std::uint32_t before = meter::now();
    auto result = call();
    const std::uint32_t after = meter::now();
    meters[which].add(after - before - overhead);
    return result;
}
#else
template <class Call>
auto counted(std::size_t /*which*/, Call call) {
    return call();
}
#endif

std::uint32_t state = 1;
std::uint32_t below(std::uint32_t limit) { // xorshift
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    return state % limit;
}

struct held {
    unsigned char* block;
    std::uint32_t size;
};
constexpr std::uint32_t most_held = 1500;
held blocks[most_held];
std::uint32_t count = 0;
bool damaged = false;

/// The first and last bytes say whose the block is.
void mark(const held& h) {
    const auto name = static_cast<unsigned char>(h.size * 7);
    h.block[0] = name;
    h.block[h.size - 1] = name;
}
void look(const held& h) {
    const auto name = static_cast<unsigned char>(h.size * 7);
    if (h.block[0] != name || h.block[h.size - 1] != name) damaged = true;
}

bool take(std::uint32_t size) {
    if (count == most_held) return false;
    auto* const block =
        static_cast<unsigned char*>(counted(0, [&] { return bench_allocate(size); }));
    if (block == nullptr) return false;
    if (reinterpret_cast<std::uintptr_t>(block) % BENCH_ALIGNMENT != 0) damaged = true;
    blocks[count] = {block, size};
    mark(blocks[count++]);
    return true;
}

void give_back(std::uint32_t which) {
    const held gone = blocks[which];
    blocks[which] = blocks[--count];
    look(gone);
    counted(1, [&] {
        bench_deallocate(gone.block);
        return 0;
    });
}

void resize(std::uint32_t which, std::uint32_t size) {
    held& h = blocks[which];
    look(h);
    void* const place = counted(2, [&] { return bench_resize(h.block, h.size, size); });
    if (place == nullptr) return;
    if (place != h.block) heap.deallocate(h.block);
    h = {static_cast<unsigned char*>(place), size};
    mark(h);
}

std::uint32_t some_size() {
    switch (below(8)) {
    case 0:
        return 1 + below(4000);
    case 1:
        return 425 + below(32); // where headers begin
    case 2:
    case 3:
        return 1 + below(440);
    default:
        return 1 + below(64);
    }
}

/// Takes more often than it gives back, or less, in turns.
void live(std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) {
        const bool grows = (i & 512U) == 0;
        const std::uint32_t what = below(8);
        if (count == 0 || what < (grows ? 4U : 2U)) {
            take(some_size());
        } else if (what < 7) {
            give_back(below(count));
        } else {
            resize(below(count), some_size());
        }
    }
}

/// Fills the heap with blocks of one size, gives every second one back, then those in between, each
/// of which has free blocks on both sides.
void comb(std::uint32_t size) {
    while (take(size + below(3) * 8)) {
    }
    for (std::uint32_t i = 0; i < count; ++i)
        give_back(i); // and the last one moves there
    live(200);
    while (count != 0)
        give_back(below(count));
}

void histories() {
    for (std::uint32_t round = 0; round < 4; ++round) {
        live(10'000);
        while (count != 0)
            give_back(count - 1);
        for (const std::uint32_t size : {8U, 40U, 100U, 430U, 900U, 3000U})
            comb(size);
    }
}

} // namespace

#if defined(__riscv)
namespace {
void print(const char* text) {
    using uart = drone::uart::ns16550<0x1000'0000>; // of QEMU's `virt`
    for (; *text != 0; ++text) {
        while (!uart::ready()) {
        }
        uart::write(static_cast<std::uint8_t>(*text));
    }
}
void print(std::uint32_t number) {
    char digits[12] = {};
    char* at = digits + sizeof digits - 1;
    do {
        *--at = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    print(at);
    print(" ");
}
} // namespace
#endif

int main() {
    heap.initialize();
#if defined(__riscv)
    overhead = meter::now();
    overhead = meter::now() - overhead; // reading it, and nothing else
#endif
    histories();
    bench_status = damaged || !heap.invariants_hold() ? 1 : 0;
#if defined(__riscv)
    for (const meter& m : meters) {
        print(m.least);
        print(m.sum);
        print(m.calls);
        print(m.most);
    }
    print(bench_control);
    print(bench_tags);
    print(bench_status);
    print("\n");
#endif
    return 0;
}
