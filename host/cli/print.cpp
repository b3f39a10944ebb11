// SPDX-License-Identifier: MIT

// drone print: what the tool and the project know, for people and for the build.

#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/compiler_flags.hpp"
#include "cli/completion.hpp"
#include "cli/installation.hpp"
#include "cli/man_page.hpp"
#include "cli/say.hpp"
#include "config/boards.hpp"
#include "config/config.hpp"
#include "config/generated.hpp"
#include "frames/frame_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace drone::cli {

namespace {

result<int> print_target() {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto core = config::require_core(*p);
    if (!core) return std::unexpected(core.error());
    fmt::print("{}\n", *core);
    return 0;
}

result<int> print_text(result<std::string> (*text)(const config::project&)) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto written = text(*p);
    if (!written) return std::unexpected(written.error());
    fmt::print("{}", *written);
    return 0;
}

result<int> print_cmake(const session& s) {
    const std::string folder = (find_installation(s.executable()).files / "cmake").string();
    if (folder.find_first_of("\";\\\n") != std::string::npos)
        return fail(fmt::format(
            "{}: CMake cannot use a path with a double quote, semicolon, backslash or line break; move "
            "Drone",
            folder
        ));
    fmt::print("{}\n", folder);
    return 0;
}

result<int> print_cflags(const session& s) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto named = config::require_core(*p);
    if (!named) return std::unexpected(named.error());
    const std::optional<config::probe>& probe = p->probe;
    const auto core = core_flags(*named, probe ? probe->fpu : std::nullopt);
    if (!core) return std::unexpected(core.error());
    fmt::print("{}", *core);
    for (const auto& folder : find_installation(s.executable()).includes)
        fmt::print(" -isystem {}", base::shell_word(folder.string()));
    fmt::print("\n");
    return 0;
}

result<int> print_tracer(const session& s) {
    const installation all = find_installation(s.executable());
    fmt::print(
        "-I{} -I{} {}\n",
        base::shell_word(all.includes.front().string()),
        base::shell_word((all.files / "adapters").string()),
        base::shell_word((all.files / "src/drone_trace.c").string())
    );
    return 0;
}

/// The tracer's files, into a project's folder. What the project may have changed stays.
result<int> copy_tracer(const session& s, const std::filesystem::path& folder) {
    using enum std::filesystem::copy_options;
    const installation all = find_installation(s.executable());
    const auto copy = [&](const std::filesystem::path& from, auto existing) -> result<void> {
        const auto to = folder / from.filename();
        std::error_code problem;
        std::filesystem::copy_file(from, to, existing, problem);
        if (problem)
            return fail(fmt::format(
                "{} cannot be copied to {}: {}", from.string(), to.string(), problem.message()
            ));
        fmt::print("{}\n", to.string());
        return {};
    };
    const auto headers = all.includes.front();
    for (const auto& file :
         {all.files / "src/drone_trace.c",
          all.files / "src/drone_trace_carriers.h",
          all.files / "src/drone_trace_rtt.h",
          all.files / "src/drone_trace_stacks.h",
          headers / "drone_trace.h"})
        if (const auto done = copy(file, overwrite_existing); !done)
            return std::unexpected(done.error());
    for (const char* const name : {"drone_trace_config.h", "drone_trace.mk"})
        if (const auto done = copy(all.files / "templates" / name, skip_existing); !done)
            return std::unexpected(done.error());
    return 0;
}

result<int> print_frames(const std::string& elf, bool checks) {
    if (checks) {
        if (const auto good = frames::check_frame_table(elf); !good)
            return std::unexpected(good.error());
        return 0;
    }
    const auto table = frames::make_frame_table(elf);
    if (!table) return std::unexpected(table.error());
    if (table->ends_there != 0)
        say("drone: note: {}: a stack ends at {} of its {} calls: their frames need more than the stack "
            "pointer (alloca, -O0, assembler)\n",
            elf,
            table->ends_there,
            table->calls);
    if (table->out_of_span != 0)
        say("drone: note: {}: a stack ends at {} calls in a memory far from most code\n",
            elf,
            table->out_of_span);
    fmt::print("{}", frames::assembler_source(*table));
    return 0;
}

void add_frames(command_syntax print, session& s) {
    const auto elf = std::make_shared<std::string>();
    const auto checks = std::make_shared<bool>(false);
    command_syntax frames = print.add_subcommand(
        "frames", "The frame table of a firmware that traces stacks, as an assembler source"
    );
    frames.add_option("FIRMWARE", *elf, "The ELF file that the linker wrote").required();
    frames.add_flag("--check", *checks, "Only check the table that the firmware carries");
    s.on(frames, [elf, checks] { return print_frames(*elf, *checks); });
}

/// The command that these words name, of `all`; null: there is none.
const command_entry* named(const command_entry& all, const std::vector<std::string>& words) {
    const auto commands = flattened(all);
    const auto found = std::ranges::find(commands, words, &command_entry::path);
    return found == commands.end() ? nullptr : *found;
}

/// The page of the command that these words name. Requires that there is one.
result<int> print_man(command_syntax root, const std::vector<std::string>& words) {
    const command_entry all = read_commands(root);
    fmt::print("{}", man_page(*named(all, words)));
    return 0;
}

/// Every command, as the words that name it.
result<int> print_commands(command_syntax root) {
    const command_entry all = read_commands(root);
    for (const command_entry* const command : flattened(all))
        fmt::print("{}\n", full_name(*command));
    return 0;
}

result<int> print_completion(command_syntax root, const std::string& shell) {
    const command_entry all = read_commands(root);
    const auto make = shell == "bash"  ? bash_completion
                      : shell == "zsh" ? zsh_completion
                                       : fish_completion;
    fmt::print("{}", make(all));
    return 0;
}

/// What the build of a package prints: the tool's own documentation.
void add_documentation(command_syntax print, command_syntax root, session& s) {
    const auto words = std::make_shared<std::vector<std::string>>();
    command_syntax man = print.add_subcommand("man", "The manual page of a command, for man(1)");
    man.add_option("COMMAND", *words, "The command, such as heap generate; none for drone itself");
    man.check([root, words]() -> std::string {
        if (named(read_commands(root), *words) != nullptr) return {};
        return fmt::format("there is no command \"{}\"", fmt::join(*words, " "));
    });
    s.on(man, [root, words] { return print_man(root, *words); });

    const auto shell = std::make_shared<std::string>();
    command_syntax completion =
        print.add_subcommand("completion", "Completion of commands for a shell");
    completion.add_option("SHELL", *shell, "The shell").required().one_of({"bash", "zsh", "fish"});
    s.on(completion, [root, shell] { return print_completion(root, *shell); });

    s.on(print.add_subcommand("commands", "Every command of this tool"), [root] {
        return print_commands(root);
    });
}

} // namespace

void add_print_boards(command_syntax print, session& s);

void add_print(command_syntax parent, session& s) {
    command_syntax print =
        parent.add_subcommand("print", "Print what the tool or the project knows");
    print.require_subcommand();
    const auto add = [&](const char* name, const char* help, action act) {
        s.on(print.add_subcommand(name, help), std::move(act));
    };
    add_print_boards(print, s);
    add("target", "The core of this project's board", print_target);
    add("layout", "The heaps of Drone.toml as a C++ header", [] {
        return print_text(config::layout_header);
    });
    add("memory", "The memories of Drone.toml for the linker script", [] {
        return print_text(config::linker_memory);
    });
    add("cflags", "The compiler's flags for this project's core and Drone's headers", [&s] {
        return print_cflags(s);
    });
    add("cmake", "The folder of Drone's CMake files", [&s] { return print_cmake(s); });
    const auto folder = std::make_shared<std::string>();
    command_syntax tracer = print.add_subcommand(
        "tracer", "The compiler's options for the tracer of heaps that are not ours"
    );
    tracer.add_option(
        "--copy",
        *folder,
        "Copy its files into this folder instead, with lines for a makefile, and print their names"
    );
    s.on(tracer, [&s, folder] {
        return folder->empty() ? print_tracer(s) : copy_tracer(s, *folder);
    });
    add_frames(print, s);
    add_documentation(print, parent, s);
}

} // namespace drone::cli
