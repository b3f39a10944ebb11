// SPDX-License-Identifier: MIT

#include "measured.hpp"

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace drone::bench {

namespace files = std::filesystem;

files::path build(
    const workshop& shop,
    const std::string& source,
    const variant& what,
    const std::string& cpu,
    const std::string& level
) {
    static int number = 0;
    const files::path root = DRONE_SOURCE_DIR;
    const files::path elf = shop.folder() / fmt::format("{}.elf", number++);
    const files::path core = root / "arch" / "cortex_m";
    shop.run(
        shop.folder(),
        fmt::format(
            "arm-none-eabi-g++ -mcpu={} -mthumb -mfloat-abi=soft -std=c++20 {} -fno-exceptions "
            "-fno-rtti "
            "-fno-threadsafe-statics -ffunction-sections -fno-builtin-malloc -I'{}' -I'{}' -I. {} "
            "'{}' '{}' "
            "{} -nostartfiles {} -Wl,--gc-sections -L. -T'{}' -o '{}'",
            cpu,
            level,
            (root / "include").string(),
            (root / "arch").string(),
            what.options,
            (root / "bench/heap" / source).string(),
            (core / "startup.cpp").string(),
            (core / "newlib.cpp").string(),
            what.libraries,
            (core / "cortex_m.ld").string(),
            elf.string()
        )
    );
    return elf;
}

counts measure(const workshop& shop, const files::path& elf, const run_setup& how, through by) {
    const auto program = board::read_firmware(elf);
    if (!program) shop.give_up(program.error().message);
    auto image = board::flash_image(*program);
    if (!image) shop.give_up(image.error().message);
    board::board_setup setup;
    setup.model = how.model;
    setup.probe.reset();
    if (how.listening) {
        // One bit a cycle: a word is out before the next one comes.
        setup.cpu_hz = 10'000'000;
        setup.probe = board::probe_setup{};
        setup.probe->baud = 10'000'000;
    }
    board::board_listener listener;
    auto made = board::virtual_board::make(setup, *std::move(image), listener);
    if (!made) shop.give_up(made.error().message);
    board::virtual_board& machine = **made;
    counts result;
    const std::uint64_t branch = by == through::heap ? 0 : 1;
    std::vector<std::uint32_t> functions;
    std::vector<board::distribution*> where;
    for (const auto& [name, to] :
         {std::pair{"bench_allocate", &result.allocate},
          std::pair{"bench_deallocate", &result.deallocate},
          std::pair{"bench_resize", &result.resize}}) {
        if (const auto symbol = program->find(name); symbol) {
            functions.push_back(symbol->address);
            where.push_back(to);
        }
    }
    board::call_meter calls(machine, functions, [&](const board::call& call) {
        where[call.function]->add(call.instructions - branch);
    });
    std::optional<board::mask_meter> mask;
    if (how.sees_masks) mask.emplace(machine);
    if (const auto started = machine.reset(); !started) shop.give_up(started.error().message);
    const board::run_end end = machine.run();
    // Where nobody listens, no debugger is there to take an exit: the program sleeps behind its
    // end.
    const auto word = [&](const char* name) -> std::uint32_t {
        const auto symbol = program->find(name);
        return symbol ? machine.processor().read_word(symbol->address).value_or(0) : 0;
    };
    if (end.why == board::run_end::kind::faulted || word("bench_status") != 0)
        shop.give_up(
            fmt::format("{} ended with {}: {}", elf.string(), word("bench_status"), end.message)
        );
    if (mask) result.longest_masked = mask->longest();
    result.footprint = word("bench_footprint");
    result.control = word("bench_control");
    result.tags = word("bench_tags");
    return result;
}

} // namespace drone::bench
