// SPDX-License-Identifier: MIT

// drone new: a project that builds, flashes and runs as it is.

#include "base/program.hpp"
#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/installation.hpp"
#include "cli/project_template.hpp"
#include "cli/say.hpp"
#include "config/boards.hpp"
#include "config/config.hpp"
#include "config/nearest.hpp"
#include "layout/headroom.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace drone::cli {

namespace {

/// The smallest heap of a new project, bytes: every usual pool has a block.
constexpr std::uint32_t smallest_starting_heap = 512;

namespace fs = std::filesystem;

struct new_options {
    std::string path;
    std::string board;
    std::optional<std::string> heap_size;
    std::optional<std::string> name;
    bool pools_only = false;
};

/// Targets that CMake makes itself, by any of its generators (policy CMP0037), and names that its
/// own files have in a build folder.
constexpr std::array reserved_names = {
    "ALL_BUILD",
    "CMakeFiles",
    "INSTALL",
    "PACKAGE",
    "RUN_TESTS",
    "ZERO_CHECK",
    "all",
    "clean",
    "edit_cache",
    "help",
    "install",
    "made",
    "package",
    "package_source",
    "preinstall",
    "rebuild_cache",
    "test",
};

/// Names become CMake targets and file names.
bool is_project_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto inner = [letter](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && letter(name.front()) && std::ranges::all_of(name, inner);
}

result<std::string> project_name(const new_options& options) {
    if (options.path.empty()) return fail("PATH is empty; name the project's folder");
    const fs::path target = fs::absolute(options.path).lexically_normal();
    const fs::path last = target.has_filename() ? target : target.parent_path();
    std::string name = options.name.value_or(last.filename().string());
    if (std::ranges::find(reserved_names, name) != reserved_names.end())
        return fail(fmt::format("CMake uses the name \"{}\" itself; give another with --name", name)
        );
    if (is_project_name(name)) return name;
    return fail(fmt::format(
        "\"{}\" is not a name for a project: write a letter, then letters, digits, - or _; give one with --name",
        name
    ));
}

result<const config::board*> known_board(std::string_view name) {
    const config::board* const found = config::find_board(name);
    if (found == nullptr) {
        const auto all = config::supported_boards();
        std::vector<std::string_view> names(all.size());
        std::ranges::transform(all, names.begin(), &config::board::name);
        const std::string_view meant = config::nearest(name, names);
        return fail(fmt::format(
            "unknown board \"{}\"; {}`drone print supported-boards` lists them",
            name,
            meant.empty() ? "" : fmt::format("did you mean \"{}\"? ", meant)
        ));
    }
    return found;
}

result<std::uint32_t> heap_size(const new_options& options, const config::board& board) {
    if (!options.heap_size) return board.heap_size();
    const auto size = config::parse_size(*options.heap_size);
    if (!size) return fail("--heap-size: " + size.error().message);
    if (*size < smallest_starting_heap || *size > board.memory.ram.size)
        return fail(fmt::format(
            "--heap-size: {} is out of range; {} has {} of RAM, and a heap needs at least {}",
            *options.heap_size,
            board.name,
            config::format_size(board.memory.ram.size),
            config::format_size(smallest_starting_heap)
        ));
    return static_cast<std::uint32_t>(*size);
}

std::string pool_lines(const std::vector<pool_spec>& pools) {
    std::string text;
    for (const pool_spec& pool : pools)
        text += fmt::format(
            "{}    {{ block = \"{}\", capacity = {} }},",
            text.empty() ? "" : "\n",
            pool.block,
            pool.capacity
        );
    return text;
}

/// Of a heap that nobody traced: a region for any request, or pools for any program.
std::string layout_lines(const new_options& options, std::uint32_t size) {
    if (!options.pools_only) return "overflow = true\npools = []";
    const auto pools = layout::layout_without_trace(size, layout::usual_pools);
    return fmt::format("pools = [\n{}\n]", pool_lines(pools));
}

std::string address(std::uint32_t value) { return fmt::format("{:#010x}", value); }

/// Lines of [memory] after ram, each after a line break.
std::string more_memory_lines(const config::board& board) {
    std::string text;
    for (const auto& [name, place] : board.memory.more)
        text += fmt::format(
            "\n{} = {{ origin = \"{}\", size = \"{}\" }}",
            name,
            address(place.origin),
            config::format_size(place.size)
        );
    if (board.stack_size() != config::board::usual_stack)
        text += fmt::format("\nstack = \"{}\"", config::format_size(board.stack_size()));
    return text;
}

bool has_rtt(const config::board& board) { return board.carrier == "rtt"; }

/// "16 MHz".
std::string frequency(std::uint32_t hertz) {
    return hertz % 1'000'000 == 0 ? fmt::format("{} MHz", hertz / 1'000'000)
                                  : fmt::format("{} kHz", hertz / 1'000);
}

/// [log]. A board that is emulated has any clock.
std::string log_lines(const config::board& board) {
    if (has_rtt(board)) return "carrier = \"rtt\"";
    std::string text = fmt::format("format = \"swo\"\nbaud = {}", board.baud);
    if (board.clock != 0)
        text += fmt::format("\ncore_clock = \"{}\" # after reset", frequency(board.clock));
    if (board.trace_clock != board.clock)
        text += fmt::format("\ntrace_clock = \"{}\"", frequency(board.trace_clock));
    return text;
}

/// Lines of CMake where the core is not the usual one of its name, each after a line break.
std::string core_option_lines(const config::board& board) {
    std::string text;
    if (board.fpu != config::usual_fpu(board.core))
        text += fmt::format(
            "\nset(DRONE_FLOAT {})", board.fpu == config::fpu::none ? "soft" : "single"
        );
    if (board.interrupts != config::usual_interrupts)
        text += fmt::format("\nset(DRONE_INTERRUPT_COUNT {})", board.interrupts);
    return text;
}

result<int> make_project(const session& s, const new_options& options) {
    const auto board = known_board(options.board);
    if (!board) return std::unexpected(board.error());
    const auto name = project_name(options);
    if (!name) return std::unexpected(name.error());
    const auto size = heap_size(options, **board);
    if (!size) return std::unexpected(size.error());
    if (!(*board)->not_made.empty())
        return fail(fmt::format(
            "{} has no new projects yet: {}; trace the heap of a project that you have "
            "(docs/trace_your_heap.md)",
            (*board)->name,
            (*board)->not_made
        ));

    const auto& [flash, ram, more, stack] = (*board)->memory;
    const placeholders values = {
        {"name", *name},
        {"board", (*board)->name},
        {"core", (*board)->core},
        {"core_options", core_option_lines(**board)},
        {"probe", (*board)->probe},
        {"flash_origin", address(flash.origin)},
        {"flash_size", config::format_size(flash.size)},
        {"ram_origin", address(ram.origin)},
        {"ram_size", config::format_size(ram.size)},
        {"more_memory", more_memory_lines(**board)},
        {"log", log_lines(**board)},
        {"carrier", has_rtt(**board) ? "drone::rtt_carrier<core>" : "drone::cortex_m::itm"},
        {"carrier_header", has_rtt(**board) ? "drone/rtt_carrier.hpp" : "cortex_m/itm.hpp"},
        {"heap_size", config::format_size(*size)},
        {"layout", layout_lines(options, *size)},
    };
    if (const auto made = instantiate(
            find_installation(s.executable()).files / "templates/app", options.path, values
        );
        !made)
        return std::unexpected(made.error());
    say("{}: a project for {}; next: cd {} && just flash && just log\n",
        options.path,
        (*board)->name,
        base::shell_word(options.path.starts_with('-') ? "./" + options.path : options.path));
    if (!base::require_program("just"))
        say("`just` is not installed (npm has it: rust-just). Without it: cmake -B build -G Ninja && cmake --build "
            "build && drone flash build/{}.elf && drone log\n",
            *name);
    return 0;
}

} // namespace

void add_new(command_syntax parent, session& s) {
    const auto options = std::make_shared<new_options>();
    command_syntax command = parent.add_subcommand("new", "Make a project for a board");
    command.add_option("PATH", options->path, "The project's folder: empty, or not existing yet")
        .required();
    command.add_option("--board", options->board, "One of `drone print supported-boards`")
        .required()
        .check([](const std::string& name) {
            return name.empty() ? "" : refused_by(known_board)(name); // empty: find_empty() says it
        });
    command.add_option(
        "--heap-size", options->heap_size, "The heap's size, such as 10K; by default the board's"
    );
    command.add_option("--name", options->name, "The project's name; by default the folder's");
    command.add_flag(
        "--pools-only", options->pools_only, "A heap of pools, with no region behind them"
    );
    command.check([options]() -> std::string {
        const auto name = project_name(*options);
        const auto board = known_board(options->board);
        const auto size = board ? heap_size(*options, **board) : 0;
        return !name ? name.error().message : !size ? size.error().message : std::string();
    });
    s.on(command, [&s, options] { return make_project(s, *options); });
}

} // namespace drone::cli
