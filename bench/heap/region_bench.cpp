// SPDX-License-Identifier: MIT
// Prints what calls of a heap with an overflow region cost, eight pools in front, in executed
// instructions over random and adversarial histories (region_firmware.cpp). Nothing is timed; the
// figures repeat exactly.
//
//     build/bench/region_bench [CPU [LEVEL]]

#include "board/elf.hpp"
#include "measured.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace drone;
namespace files = std::filesystem;

const bench::workshop shop{"region"};

/// Whether allocating and giving back need a function or table, searches of the pools included.
/// What resizes, initialises and examines is apart.
bool is_needed(std::string_view name) {
    // Names of clones are mangled: parts of names.
    const auto has = [&](std::string_view part) {
        return name.find(part) != std::string_view::npos;
    };
    if (has("initialize") || has("invariants") || has("for_each_block") || has("resize") ||
        has("fit") || has("span"))
        return false;
    return name == "bench_allocate" || name == "bench_deallocate" || has("region") ||
           has("serve") || has("take_back") || has("fall_over") || has("checked") ||
           has("counted") || has("de_bruijn");
}

/// Bytes of all that is_needed().
std::uint32_t code_size(const files::path& elf) {
    const auto program = board::read_firmware(elf);
    if (!program) shop.give_up(program.error().message);
    std::uint32_t size = 0;
    for (const board::symbol& symbol : program->symbols) {
        if (is_needed(symbol.name)) size += symbol.size;
    }
    return size;
}

/// The same of a program for RV32, which the virtual board's reader refuses.
std::uint32_t rv32_code_size() {
    shop.run(shop.folder(), "riscv64-unknown-elf-nm -S rv32.elf | grep -E ' [tTrR] ' > rv32.nm");
    std::ifstream in(shop.folder() / "rv32.nm");
    std::uint32_t sum = 0;
    std::string address;
    std::string size;
    std::string kind;
    std::string name;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        if (words >> address >> size >> kind >> name && is_needed(name))
            sum += static_cast<std::uint32_t>(std::stoul(size, nullptr, 16));
    }
    return sum;
}

void print_head(const std::string& title) {
    fmt::print(
        "\n{}\n{:<36} {:>17}   {:>17}   {:>17}   {:>6} {:>6}\n",
        title,
        "",
        "take",
        "give back",
        "resize",
        "masked",
        "code"
    );
    fmt::print("{:<36}", "instructions a call");
    for (int i = 0; i < 3; ++i)
        fmt::print(" {:>4} {:>6} {:>5}  ", "min", "mean", "max");
    fmt::print(" {:>6} {:>6}\n", "", "bytes");
}

struct core_choice {
    std::string title;
    std::string cpu;
    board::core_model model;
    bool has_ceiling;
    bool every_row;
};

struct row_choice {
    std::string name;
    std::string options;
    bool plain = true; ///< masks and code are of interest
};

void print_row(const core_choice& core, const std::string& level, const row_choice& row) {
    const bench::variant what{row.options, "--specs=nano.specs"};
    const files::path elf = bench::build(shop, "region_firmware.cpp", what, core.cpu, level);
    const bench::counts c = bench::measure(
        shop, elf, {.model = core.model, .sees_masks = row.plain}, bench::through::heap
    );
    fmt::print("{:<36}", row.name);
    for (const board::distribution* calls : {&c.allocate, &c.deallocate, &c.resize})
        fmt::print(" {:>4} {:>6.1f} {:>5}  ", calls->min(), calls->mean(), calls->max());
    fmt::print(" {:>6} {:>6}\n", row.plain ? std::to_string(c.longest_masked) : "", code_size(elf));
    if (row.options.empty()) {
        fmt::print(
            "  control data {} bytes besides 4 a pool; tags {} bytes of 32768\n", c.control, c.tags
        );
    }
    std::fflush(stdout);
}

void table(const core_choice& core, const std::string& level) {
    print_head(fmt::format("{}, {}", core.title, level));
    std::vector<row_choice> rows = {
        {"8 pools, one masked stretch", ""},
        {"  aligned to 64", "-DBENCH_ALIGNMENT=64"},
        {"  checking cheap", "-DBENCH_CHECKING=cheap", false},
        {"  checking full", "-DBENCH_CHECKING=full", false},
        {"  statistics", "-DBENCH_STATISTICS=true", false},
        {"no pools", "-DBENCH_ALONE"},
        {"8 pools, one context, no mask", "-DBENCH_ONE_CONTEXT"},
    };
    if (core.has_ceiling) rows.push_back({"8 pools, a ceiling (BASEPRI)", "-DBENCH_CEILING=0x40"});
    if (!core.every_row) rows.resize(1);
    for (const row_choice& row : rows)
        print_row(core, level, row);
}

/// RV32 on QEMU, where the program counts itself (instret, with instructions as the clock).
void rv32(const std::string& level) {
    const std::string root = DRONE_SOURCE_DIR;
    shop.run(
        shop.folder(),
        fmt::format(
            "L=$(echo /usr/lib/arm-none-eabi/include/c++/*) && "
            "riscv64-unknown-elf-g++ -march=rv32imac_zicsr -mabi=ilp32 -std=c++20 {} "
            "-fno-exceptions -fno-rtti -ffreestanding -nostdlib -nostdinc++ -isystem $L -isystem "
            "$L/arm-none-eabi -isystem /usr/include/newlib -ffunction-sections -Wl,--gc-sections "
            "-I'{}/include' -I'{}/arch' -I'{}/tests/qemu' '{}/bench/heap/region_firmware.cpp' "
            "'{}/bench/heap/rv32_board.cpp' -Wl,--no-warn-rwx-segments -T'{}/tests/qemu/riscv.ld' "
            "-lgcc -o rv32.elf && timeout 300 qemu-system-riscv32 -M virt -bios none -display none "
            "-monitor none -icount shift=0,sleep=off -serial file:rv32.out -kernel rv32.elf",
            level,
            root,
            root,
            root,
            root,
            root,
            root
        )
    );
    std::ifstream in(shop.folder() / "rv32.out");
    print_head(fmt::format("RV32IMAC, {}", level));
    fmt::print("{:<36}", "8 pools, one masked stretch");
    for (int i = 0; i < 3; ++i) {
        double least = 0;
        double sum = 0;
        double calls = 0;
        double most = 0;
        in >> least >> sum >> calls >> most;
        fmt::print(" {:>4} {:>6.1f} {:>5}  ", least, sum / calls, most);
    }
    unsigned control = 0;
    unsigned tags = 0;
    unsigned status = 1;
    in >> control >> tags >> status;
    if (status != 0) shop.give_up("the RV32 program ended with damage");
    fmt::print(" {:>6} {:>6}\n", "", rv32_code_size());
}

} // namespace

int main(int count, char** arguments) {
    shop.clear();
    std::ofstream(shop.folder() / "memory.ld")
        << "MEMORY\n{\n    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M\n"
           "    RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 192K\n}\n";
    const core_choice cores[] = {
        {"Cortex-M4", "cortex-m4", board::core_model::m4, true, true},
        {"Cortex-M0", "cortex-m0", board::core_model::m0, false, true},
        {"Cortex-M33", "cortex-m33", board::core_model::m33, true, false},
    };
    const std::string cpu = count > 1 ? arguments[1] : "";
    for (const std::string level : {"-O2", "-Os"}) {
        if (count > 2 && level != arguments[2]) continue;
        for (const core_choice& core : cores) {
            if (cpu.empty() || core.cpu == cpu) table(core, level);
        }
        if (cpu.empty() || cpu == "rv32") rv32(level);
    }
}
