// SPDX-License-Identifier: MIT

// drone probe: what the tool would run, for scripts of a user's own.

#include "base/shell.hpp"
#include "cli/command.hpp"
#include "config/config.hpp"
#include "probe/plan.hpp"
#include "probe/tool_adapter.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

void print_line(const probe::command_line& command, const char* more = "") {
    std::string text;
    for (const std::string& word : command)
        text += (text.empty() ? "" : " ") + base::shell_word(word);
    fmt::print("{}{}\n", text, more);
}

void print_task(const probe::task& t) {
    for (const probe::script& one : t.scripts)
        fmt::print("cat > {} <<'END'\n{}END\n", base::shell_word(one.path), one.text);
    for (const probe::command_line& command : t.commands)
        print_line(command);
}

void print_service(const probe::log_service& l) {
    if (l.source.ends_with(".fifo")) fmt::print("mkfifo {}\n", base::shell_word(l.source));
    if (!l.command.empty()) print_line(l.command, " &");
    if (!l.ready.empty()) fmt::print("# wait for: {}\n", l.ready);
    fmt::print("drone log --input {} &\n", base::shell_word(l.source));
    const bool by_gdb = l.how == probe::control::gdb;
    if (!l.begin.empty() || by_gdb)
        fmt::print("# then, to {} at {}:\n", by_gdb ? "gdb" : "OpenOCD's Tcl port", l.server);
    for (const std::string& line : l.begin)
        fmt::print("#   {}{}\n", by_gdb ? "monitor " : "", line);
    if (by_gdb) fmt::print("#   continue\n");
}

struct probe_options {
    std::vector<std::string> words; ///< COMMAND
    bool dry_run = false;           ///< always: it is required
};

/// What is wrong with the words of COMMAND; nothing if they are right.
std::string problem_of(const std::vector<std::string>& words) {
    const std::string& command = words.front();
    const bool takes_firmware = command == "flash" || command == "gdb";
    if (!takes_firmware && command != "reset" && command != "log")
        return fmt::format(
            "\"{}\" runs no tool of a probe; write flash FIRMWARE, reset, log or gdb", command
        );
    if (command == "flash" && words.size() == 1)
        return "which firmware? Write `drone probe --dry-run flash FIRMWARE`";
    if (words.size() > (takes_firmware ? 2 : 1))
        return fmt::format("\"{}\" is not expected after {}", words.back(), command);
    return {};
}

result<int> print_plan(const std::vector<std::string>& words) {
    const auto project = config::read_nearest();
    if (!project) return std::unexpected(project.error());
    const auto s = probe::make_setup(*project);
    if (!s) return std::unexpected(s.error());
    const probe::workplace at{.folder = ".drone"};
    const std::string& command = words.front();
    const std::string firmware = words.size() > 1 ? words[1] : "";
    if (command == "flash" || command == "reset") {
        const auto plan =
            command == "flash" ? probe::plan_flash(*s, firmware, at) : probe::plan_reset(*s, at);
        if (!plan) return std::unexpected(plan.error());
        print_task(*plan);
    } else if (command == "log") {
        const auto plan = probe::plan_log(*s, true, at);
        if (!plan) return std::unexpected(plan.error());
        print_service(*plan);
    } else {
        const auto plan = probe::plan_debug(*s, firmware, at);
        if (!plan) return std::unexpected(plan.error());
        if (!plan->server.empty()) print_line(plan->server, " &");
        print_line(plan->debugger);
    }
    return 0;
}

} // namespace

void add_probe(command_syntax parent, session& s) {
    const auto options = std::make_shared<probe_options>();
    command_syntax probe =
        parent.add_subcommand("probe", "Show what a command asks of the probe's tool");
    probe.add_flag("--dry-run", options->dry_run, "Print the command lines, and run nothing")
        .required();
    probe.add_option("COMMAND", options->words, "flash FIRMWARE, reset, log or gdb [FIRMWARE]")
        .required();
    probe.check([options] { return problem_of(options->words); });
    s.on(probe, [options] { return print_plan(options->words); });
}

} // namespace drone::cli
