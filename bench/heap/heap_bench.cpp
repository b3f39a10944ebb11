// SPDX-License-Identifier: MIT
// Prints what a call of the heap costs, in executed instructions, beside newlib's malloc,
// newlib-nano's and picolibc's, all on the trace of the template's firmware. Nothing is timed; the
// figures repeat exactly.
//
//     build/bench/heap_bench [HEAPTRACE [CPU]]

#include "measured.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"
#include "workshop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace drone;
using bench::counts;
using bench::through;
using bench::variant;
namespace files = std::filesystem;

constexpr std::uint32_t granule = 4; // bytes, as the target library has it

const files::path source = DRONE_SOURCE_DIR;
const bench::workshop shop{"heap"};
const files::path& work = shop.folder();

/// The heap trace of the firmware that a new project begins with.
files::path record() {
    shop.new_project("heaptrace");
    shop.run(shop.project(), "drone flash build/app.elf && drone log --reset heaptrace:31");
    return shop.project() / "heaptrace";
}

struct replayed_trace {
    std::size_t allocations = 0;
    std::uint64_t peak_live = 0;
    std::size_t peak_blocks = 0;
    std::map<std::uint32_t, std::size_t> peaks; ///< by block: most that were live at one time
};

/// Writes trace.hpp: the steps as the firmware replays them.
replayed_trace write_steps(const files::path& heaptrace) {
    const auto opened = trace::source::open(heaptrace);
    if (!opened) shop.give_up(opened.error().message);
    const auto demand = usage::make_demand(*opened);
    if (!demand) shop.give_up(demand.error().message);
    if (demand->blocks.empty()) shop.give_up("the trace has no identity of blocks");
    std::ofstream out(work / "trace.hpp");
    out << "#pragma once\n#include <cstdint>\nnamespace bench {\n"
           "struct step { std::uint16_t block; std::uint16_t size; }; // size 0: given back\n"
           "inline constexpr step steps[] = {\n";
    replayed_trace result;
    std::vector<std::uint32_t> live_size;
    std::uint64_t live = 0;
    std::size_t live_blocks = 0;
    std::map<std::uint32_t, std::size_t> live_of;
    const auto block_for = [](std::uint32_t size) {
        return (size + granule - 1) / granule * granule;
    };
    for (std::size_t i = 0; i < demand->steps.size(); ++i) {
        const std::uint32_t block = std::to_underlying(demand->blocks[i]);
        if (block >= live_size.size()) live_size.resize(block + 1);
        if (demand->steps[i].gives_back()) {
            out << fmt::format("{{{},0}},", block);
            live -= live_size[block];
            --live_blocks;
            --live_of[block_for(live_size[block])];
        } else {
            const std::uint32_t size =
                std::max(1U, demand->classes[demand->steps[i].number()].size);
            out << fmt::format("{{{},{}}},\n", block, size);
            live_size[block] = size;
            live += size;
            ++result.allocations;
            const std::size_t now = ++live_of[block_for(size)];
            result.peaks[block_for(size)] = std::max(result.peaks[block_for(size)], now);
            result.peak_blocks = std::max(result.peak_blocks, ++live_blocks);
        }
        result.peak_live = std::max(result.peak_live, live);
    }
    out << fmt::format(
        "}};\ninline constexpr std::size_t block_count = {};\n}}\n", live_size.size()
    );
    return result;
}

/// Writes FOLDER/layout.hpp: the best layout of so many pools for the trace. Returns the folder.
std::string write_best_layout(const files::path& heaptrace, const std::string& name, int pools) {
    const files::path folder = work / name;
    files::create_directories(folder);
    shop.run(
        folder,
        fmt::format(
            "drone heap -f '{}' generate --pools {} --headroom none > heap.toml && "
            "sed '/^\\[heap\\]/,/^]/d' '{}' > Drone.toml && cat heap.toml >> Drone.toml && "
            "drone print layout > layout.hpp",
            heaptrace.string(),
            pools,
            (shop.project() / "Drone.toml").string()
        )
    );
    return folder.string();
}

/// Writes FOLDER/layout.hpp for a list of pools. Returns the folder.
std::string write_pools(const std::string& name, const std::string& list, std::uint64_t size) {
    const files::path folder = work / name;
    files::create_directories(folder);
    std::ofstream(folder / "layout.hpp") << fmt::format(
        "#pragma once\n#include <drone/layout.hpp>\nnamespace drone::config {{\n"
        "inline constexpr auto heap_main = drone::make_layout({}, {{{}}});\n}}\n",
        size,
        list
    );
    return folder.string();
}

/// The same with 32 pools, one for every block that occurs with `more` bytes, and larger ones
/// behind.
std::string
write_32_pools(const replayed_trace& trace, const std::string& name, std::uint32_t more) {
    std::map<std::uint32_t, std::size_t> pools;
    for (const auto& [block, peak] : trace.peaks)
        pools[block + more] = peak;
    while (pools.size() < 32)
        pools[pools.rbegin()->first + granule] = 1;
    std::string list;
    std::uint64_t size = 0;
    for (const auto& [block, capacity] : pools) {
        list += fmt::format("{{{}, {}}}, ", block, capacity);
        size += block * capacity;
    }
    return write_pools(name, list, size);
}

/// Eight pools for malloc, whose blocks are all multiples of 8: the trace's blocks in eight groups.
std::string write_8_pools_of_8(const replayed_trace& trace, const std::string& name) {
    std::map<std::uint32_t, std::size_t> rounded;
    for (const auto& [block, peak] : trace.peaks)
        rounded[(block + 7) / 8 * 8] += peak;
    const std::size_t group = (rounded.size() + 7) / 8;
    std::string list;
    std::uint64_t size = 0;
    std::size_t capacity = 0;
    std::size_t members = 0;
    for (auto at = rounded.begin(); at != rounded.end(); ++at) {
        capacity += at->second;
        if (++members < group && std::next(at) != rounded.end()) continue;
        list += fmt::format("{{{}, {}}}, ", at->first, capacity);
        size += at->first * capacity;
        capacity = members = 0;
    }
    return write_pools(name, list, size);
}

/// The tracer of a heap that is not ours, as an object; its heap is the whole RAM. Returns what links
/// it to newlib-nano.
std::string
build_tracer(const std::string& cpu, const std::string& level, const std::string& more) {
    shop.run(
        work,
        fmt::format(
            "arm-none-eabi-gcc -mcpu={} -mthumb -std=c99 {} {} -ffunction-sections "
            "-DDRONE_TRACE_HEAP_BASE=0x20000000 -DDRONE_TRACE_HEAP_SIZE=0x30000 -I'{}' -c '{}' -o "
            "tracer.o && arm-none-eabi-size tracer.o | tail -n 1 > tracer.size",
            cpu,
            level,
            more,
            (source / "include").string(),
            (source / "src/drone_trace.c").string()
        )
    );
    return "--specs=nano.specs tracer.o -Wl,--wrap=_malloc_r,--wrap=_free_r,--wrap=_realloc_r";
}

/// Bytes of code of the tracer that was built last.
std::uint32_t tracer_size() {
    std::uint32_t code = 0;
    std::ifstream(work / "tracer.size") >> code;
    return code;
}

/// Bytes of the functions that allocating and giving back need.
std::uint32_t code_size(const files::path& elf, through by) {
    const auto program = board::read_firmware(elf);
    if (!program) shop.give_up(program.error().message);
    std::uint32_t size = 0;
    for (const board::symbol& symbol : program->symbols) {
        const std::string_view name = symbol.name;
        if (!symbol.is_function && name.find("interval_table") == std::string_view::npos) continue;
        const auto has = [&](std::string_view part) {
            return name.find(part) != std::string_view::npos;
        };
        const bool face = by == through::new_face ? name == "operator new(unsigned int)" ||
                                                        name == "operator delete(void*)"
                                                  : name == "malloc" || name == "free";
        const bool ours = name == "bench_allocate" || name == "bench_deallocate" ||
                          has("fall_over") || has("unserved") || has("_heard") ||
                          has("native_tracer") || has("::serve") || has("::take_") ||
                          has("interval_table");
        const bool slowly = has("allocate_slowly") ||
                            has(by == through::new_face ? "new_slowly" : "malloc_slowly") ||
                            has("::refused");
        const bool theirs = (has("malloc") || has("free") || has("sbrk_aligned")) &&
                            !has("_init") && !has("freeing");
        const bool counts = by == through::rival  ? theirs
                            : by == through::heap ? ours
                                                  : ours || face || slowly;
        if (counts) size += symbol.size;
    }
    return size;
}

void print_head(const std::string& level) {
    fmt::print("{:<44} {:>23}   {:>23}   {:>6}\n", "", "allocate", "deallocate", "code");
    fmt::print(
        "{:<44} {:>5} {:>5} {:>5} {:>5}   {:>5} {:>5} {:>5} {:>5}   {:>6}\n",
        fmt::format("instructions a call, {}", level),
        "min",
        "mean",
        "99.9%",
        "max",
        "min",
        "mean",
        "99.9%",
        "max",
        "bytes"
    );
}

void print_row(const std::string& name, const counts& c, std::uint32_t code) {
    fmt::print(
        "{:<44} {:>5} {:>5.1f} {:>5} {:>5}   {:>5} {:>5.1f} {:>5} {:>5}   {:>6}\n",
        name,
        c.allocate.min(),
        c.allocate.mean(),
        c.allocate.quantile(999),
        c.allocate.max(),
        c.deallocate.min(),
        c.deallocate.mean(),
        c.deallocate.quantile(999),
        c.deallocate.max(),
        code == 0 ? "" : std::to_string(code)
    );
}

/// Tree and table for as many pools as a heap can have, with one block each.
void print_searches(const std::string& level) {
    fmt::print("\nMany pools, Cortex-M4, {}\n", level);
    print_head(level);
    for (const std::uint32_t pools : {8U, 32U, 64U, 128U, 255U}) {
        std::string list;
        std::uint64_t size = 0;
        for (std::uint32_t i = 0; i < pools; ++i) {
            const std::uint32_t block = granule * (i + 1);
            list += fmt::format("{{{}, 1}}, ", block);
            size += block;
        }
        const std::string folder = write_pools(fmt::format("search{}", pools), list, size);
        for (const std::string by : {"tree", "table"}) {
            const variant what = {
                fmt::format("-DBENCH_DRONE -DBENCH_SEARCH={} -I'{}'", by, folder),
                "--specs=nano.specs",
                through::heap
            };
            const files::path elf = bench::build(shop, "firmware.cpp", what, "cortex-m4", level);
            const counts c = bench::measure(shop, elf, {.model = board::core_model::m4}, what.by);
            print_row(fmt::format("{} pools by a {}", pools, by), c, code_size(elf, what.by));
        }
    }
}

struct core_choice {
    std::string title;
    std::string cpu;
    board::core_model model;
    bool traces;
};

struct layouts {
    std::string pools8;
    std::string pools32;
    std::string pools32_full; ///< with room for what full checking adds
    std::string pools8_malloc;
};

void table(const core_choice& core, const layouts& made, const std::string& level) {
    const auto& [pools8, pools32, pools32_full, pools8_malloc] = made;
    fmt::print("\n{}, {}\n", core.title, level);
    print_head(level);
    const auto ours =
        [&](const std::string& folder, const std::string& more, through by = through::heap) {
            return variant{
                fmt::format("-DBENCH_DRONE -I'{}' {}", folder, more), "--specs=nano.specs", by
            };
        };
    const auto row = [&](const std::string& name, const variant& what, bool listening = false) {
        const files::path elf = bench::build(shop, "firmware.cpp", what, core.cpu, level);
        const counts c =
            bench::measure(shop, elf, {.model = core.model, .listening = listening}, what.by);
        // These need functions that code_size() does not know.
        const bool more = what.options.find("BENCH_CHECKING") != std::string::npos ||
                          what.options.find("BENCH_RING") != std::string::npos ||
                          what.options.find("BENCH_RTT") != std::string::npos;
        const bool by_tracer = what.libraries.find("tracer.o") != std::string::npos;
        print_row(name, c, more ? 0 : code_size(elf, what.by) + (by_tracer ? tracer_size() : 0));
        return c;
    };
    const auto measured =
        [&](const std::string& folder, const std::string& more, const bench::run_setup& setup) {
            const variant what = ours(folder, more);
            return bench::measure(
                shop, bench::build(shop, "firmware.cpp", what, core.cpu, level), setup, what.by
            );
        };
    row("drone, 8 pools", ours(pools8, ""));
    row("  as new and delete", ours(pools8, "-DBENCH_NEW", through::new_face));
    row("  as malloc and free", ours(pools8_malloc, "-DBENCH_MALLOC", through::malloc_face));
    row("drone, 32 pools", ours(pools32, ""));
    if (core.traces) {
        const std::string traced = "-DBENCH_TRACED";
        const std::string as_new = traced + " -DBENCH_NEW";
        const std::string as_malloc = traced + " -DBENCH_MALLOC";
        row("drone, 8 pools, traced, nobody listens", ours(pools8, traced));
        row("  as new and delete", ours(pools8, as_new, through::new_face));
        row("  as malloc and free", ours(pools8_malloc, as_malloc, through::malloc_face));
        row("drone, 8 pools, traced and listening", ours(pools8, traced), true);
        row("  as new and delete", ours(pools8, as_new, through::new_face), true);
        row("  as malloc and free", ours(pools8_malloc, as_malloc, through::malloc_face), true);
        row("  that drops and counts", ours(pools8, traced + " -DBENCH_DROP"), true);
        row("  with contexts", ours(pools8, traced + " -DBENCH_CONTEXTS"), true);
        row("  with callers", ours(pools8, traced + " -DBENCH_CALLERS"), true);
    }
    row("drone, 8 pools, traced over RTT, nobody listens", ours(pools8, "-DBENCH_RTT"));
    row("drone, 8 pools, traced over RTT, listening", ours(pools8, "-DBENCH_RTT -DBENCH_HEARD"));
    row("drone, 8 pools, traced into a RAM ring", ours(pools8, "-DBENCH_RING=4096"));
    row("drone, 8 pools, checking cheap", ours(pools8, "-DBENCH_CHECKING=cheap"));
    row("drone, 32 pools, checking full", ours(pools32_full, "-DBENCH_CHECKING=full"));
    const counts newlib = row("newlib malloc", {"", "", through::rival});
    const counts nano = row("newlib-nano malloc", {"", "--specs=nano.specs", through::rival});
    const auto traced_nano = [&](const std::string& settings, const std::string& options = "") {
        return variant{options, build_tracer(core.cpu, level, settings), through::rival};
    };
    const std::string alone = "-DDRONE_TRACE_CALLERS=0";
    if (core.traces) {
        row("  by drone_trace.c, nobody listens", traced_nano(alone));
        row("  by drone_trace.c, listening", traced_nano(alone), true);
        row("  by drone_trace.c, with callers", traced_nano(""), true);
    }
    const std::string over_rtt = alone + " -DDRONE_TRACE_RTT=1";
    row("  by drone_trace.c, over RTT, nobody listens", traced_nano(over_rtt));
    row("  by drone_trace.c, over RTT, listening", traced_nano(over_rtt, "-DBENCH_HEARD"));
    row("  by drone_trace.c, into a RAM ring",
        traced_nano(alone + " -DDRONE_TRACE_RAM_RING=1 -DDRONE_TRACE_RING_WORDS=4096"));
    const counts pico = row("picolibc malloc", {"--specs=picolibc.specs", "", through::rival});
    for (const auto& [pools, folder] : {std::pair{8, pools8}, std::pair{32, pools32}}) {
        const counts worst = measured(folder, "-DBENCH_EXHAUSTED", {.model = core.model});
        fmt::print(
            "allocate, {} pools, every pool exhausted but the last: {} instructions\n",
            pools,
            worst.allocate.max()
        );
    }
    const counts masked = measured(pools8, "", {.model = core.model, .sees_masks = true});
    fmt::print("longest run with interrupts masked: {} instructions\n", masked.longest_masked);
    fmt::print(
        "RAM that the trace needs: newlib {}, newlib-nano {}, picolibc {} bytes\n",
        newlib.footprint,
        nano.footprint,
        pico.footprint
    );
}

} // namespace

int main(int count, char** arguments) {
    shop.clear();
    std::ofstream(work / "memory.ld")
        << "MEMORY\n{\n    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M\n"
           "    RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 192K\n}\n";
    files::path heaptrace = record();
    if (count > 1 && *arguments[1] != 0) heaptrace = files::absolute(arguments[1]);
    const replayed_trace replayed = write_steps(heaptrace);
    const layouts made = {
        write_best_layout(heaptrace, "pools8", 8),
        write_32_pools(replayed, "pools32", 0),
        write_32_pools(replayed, "pools32_full", 4),
        write_8_pools_of_8(replayed, "pools8_malloc"),
    };
    fmt::print(
        "The trace of the template's firmware: {} allocations, {} bytes and {} blocks live at "
        "most.\n",
        replayed.allocations,
        replayed.peak_live,
        replayed.peak_blocks
    );
    const core_choice cores[] = {
        {"Cortex-M4", "cortex-m4", board::core_model::m4, true},
        {"Cortex-M0", "cortex-m0", board::core_model::m0, false},
        {"Cortex-M33", "cortex-m33", board::core_model::m33, true},
    };
    for (const core_choice& core : cores) {
        if (count > 2 && core.cpu != arguments[2]) continue;
        for (const char* level : {"-O2", "-Os"})
            table(core, made, level);
    }
    if (count > 2 && std::string_view(arguments[2]) != "searches") return 0;
    for (const char* level : {"-O2", "-Os"})
        print_searches(level);
}
