// SPDX-License-Identifier: MIT

// The tool: argv in, exit code out.

#include "base/errno.hpp"
#include "base/standard_streams.hpp"
#include "cli/command.hpp"
#include "cli/say.hpp"
#include "config/nearest.hpp"

#include <drone/version.hpp>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

namespace drone::cli {

namespace {

enum exit_code : int { done = 0, failed = 1, wrong_usage = 2 };

/// The last of the commands that were named.
const CLI::App& innermost(const CLI::App& root) {
    const CLI::App* app = &root;
    while (!app->get_subcommands().empty())
        app = app->get_subcommands().front();
    return *app;
}

/// "drone heap generate" for that command.
std::string full_name(const CLI::App& command) {
    const CLI::App* const parent = command.get_parent();
    return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

/// The words that neither the command nor those above it know.
std::vector<std::string> strangers_of(const CLI::App& command) {
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
        if (auto words = app->remaining(); !words.empty()) return words;
    return {};
}

/// CLI11's account, in the words of the other messages.
std::string in_one_style(const CLI::ParseError& problem) {
    std::string text = problem.what();
    // Could not convert: --pool-cost = x
    constexpr std::string_view conversion = "Could not convert: ";
    const std::size_t equals = text.find(" = ");
    if (!text.starts_with(conversion) || equals == std::string::npos) return text;
    return fmt::format(
        "{}: \"{}\" is not a number",
        text.substr(conversion.size(), equals - conversion.size()),
        text.substr(equals + 3)
    );
}

/// What is wrong with the words on the command line, with CLI11's account of it.
std::string usage_problem(const CLI::App& command, const CLI::ParseError& problem) {
    const auto commands = command.get_subcommands({});
    const auto strangers = strangers_of(command);
    if (strangers.empty()) return in_one_style(problem);
    if (strangers.front() == "--")
        return "-- is not taken; write a path that begins with a dash as ./-path";
    if (strangers.front().starts_with('-'))
        return fmt::format("{} is not an option", strangers.front());
    if (commands.empty()) return fmt::format("\"{}\" is not expected here", strangers.front());
    std::error_code ignored;
    if (command.get_option_no_throw("--file") != nullptr &&
        std::filesystem::exists(strangers.front(), ignored))
        return fmt::format(
            "\"{0}\" is not a command; did you mean the file, -f {0}?", strangers.front()
        );
    std::vector<std::string> names;
    names.reserve(commands.size());
    for (const CLI::App* const known : commands)
        names.push_back(known->get_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view meant = config::nearest(strangers.front(), known);
    return fmt::format(
        "\"{}\" is not a command{}",
        strangers.front(),
        meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)
    );
}

/// An option that was given an empty word, as by a variable of a script that is not set. It must
/// not count as left out.
const CLI::Option* find_empty(const CLI::App& command) {
    for (const CLI::Option* const option : command.get_options())
        if (option->nonpositional() && std::ranges::count(option->results(), "") != 0)
            return option;
    for (const CLI::App* const inner : command.get_subcommands())
        if (const CLI::Option* const empty = find_empty(*inner)) return empty;
    return nullptr;
}

int refuse(const std::string& message, int code) {
    say("drone: {}\n", message);
    return code;
}

int refuse_output(int reason) {
    return refuse("standard output: " + base::errno_text(reason != 0 ? reason : EIO), failed);
}

/// Standard output may fail as late as here: a full disk, a closed pipe.
int finish(int code) {
    errno = 0;
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    return written ? code : refuse_output(errno);
}

/// `drone help heap generate` is `drone heap generate --help`. The words as CLI11 takes them, last
/// first.
std::vector<std::string> words_of(int argc, char** argv, const CLI::App& root) {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (!words.empty() && words.front() == "help") {
        words.erase(words.begin());
        if (!words.empty() && words.front() == "help") words.erase(words.begin());
        const CLI::App* command = &root;
        std::size_t known = 0;
        for (; known < words.size(); ++known) {
            const auto commands = command->get_subcommands({});
            const auto named = std::ranges::find(commands, words[known], &CLI::App::get_name);
            if (named == commands.end()) break;
            command = *named;
        }
        // The help of what is not a command is the error that it is none.
        if (known == words.size()) words.emplace_back("--help");
    }
    std::ranges::reverse(words);
    return words;
}

int run(int argc, char** argv) {
    CLI::App root("Drone: a real-time heap for microcontrollers, cut to measure from a trace.");
    root.name("drone");
    root.set_version_flag(
        "--version",
        fmt::format("drone {}.{}.{}", DRONE_VERSION_MAJOR, DRONE_VERSION_MINOR, DRONE_VERSION_PATCH)
    );
    root.require_subcommand(1);
    root.footer("`drone help COMMAND` is `drone COMMAND --help`.");
    std::error_code ignored;
    session s(std::filesystem::read_symlink("/proc/self/exe", ignored));
    add_commands(command_syntax(root), s);
    try {
        root.parse(words_of(argc, argv, root));
    } catch (const CLI::Success& asked) { // --help, --version
        return finish(root.exit(asked));
    } catch (const CLI::ParseError& problem) {
        const CLI::App& command = innermost(root);
        return refuse(
            fmt::format("{}; see `{} --help`", usage_problem(command, problem), full_name(command)),
            wrong_usage
        );
    }
    if (const CLI::Option* const empty = find_empty(root))
        return refuse(
            fmt::format(
                "{}: \"\" says nothing; leave the option out, or see `{} --help`",
                empty->get_name(),
                full_name(innermost(root))
            ),
            wrong_usage
        );
    const result<int> code = s.run(root);
    return code ? finish(*code) : refuse(code.error().message, failed);
}

} // namespace

result<int> session::run(const CLI::App& root) const { return actions_.at(&innermost(root))(); }

} // namespace drone::cli

int main(int argc, char** argv) {
    drone::base::keep_standard_streams();
    // A closed pipe and a file that may not grow are writes that fail, with a message.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        return drone::cli::run(argc, argv);
    } catch (const std::bad_alloc&) {
        return drone::cli::refuse("out of memory", drone::cli::failed);
    } catch (const std::system_error& problem) {
        // Of fmt::print, where what is printed is longer than the stream's buffer.
        if (std::ferror(stdout) != 0) return drone::cli::refuse_output(problem.code().value());
        return drone::cli::refuse(problem.what(), drone::cli::failed);
    } catch (const std::exception& problem) {
        return drone::cli::refuse(problem.what(), drone::cli::failed);
    }
}
