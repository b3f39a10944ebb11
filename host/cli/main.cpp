// SPDX-License-Identifier: MIT

// The tool: argv in, exit code out.

#include "cli/command.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>

namespace drone::cli {

namespace {

enum exit_code : int { done = 0, failed = 1, wrong_usage = 2 };

const CLI::App& innermost(const CLI::App& root) {
    const CLI::App* app = &root;
    while (!app->get_subcommands().empty())
        app = app->get_subcommands().front();
    return *app;
}

int refuse(const std::string& message, int code) {
    fmt::print(stderr, "drone: {}\n", message);
    return code;
}

/// Standard output may fail as late as here: a full disk, a closed pipe.
int finish(int code) {
    errno = 0;
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written) return code;
    const int reason = errno != 0 ? errno : EIO;
    return refuse(
        fmt::format("standard output: {}", std::generic_category().message(reason)), failed
    );
}

int run(int argc, char** argv) {
    CLI::App root("Drone: a real-time heap for microcontrollers, cut to measure from a trace.");
    root.name("drone");
    root.set_version_flag("--version", "drone " DRONE_VERSION);
    root.require_subcommand(1);
    std::error_code ignored;
    session s(std::filesystem::read_symlink("/proc/self/exe", ignored));
    add_commands(root, s);
    try {
        root.parse(argc, argv);
    } catch (const CLI::Success& asked) { // --help, --version
        return finish(root.exit(asked));
    } catch (const CLI::ParseError& problem) {
        const std::string command = innermost(root).get_name();
        return refuse(
            fmt::format(
                "{}; see `drone {}--help`",
                problem.what(),
                &innermost(root) == &root ? "" : command + " "
            ),
            wrong_usage
        );
    }
    const result<int> code = s.run(root);
    return code ? finish(*code) : refuse(code.error().message, failed);
}

} // namespace

result<int> session::run(const CLI::App& root) const {
    const CLI::App& command = innermost(root);
    const auto found = actions_.find(&command);
    if (found == actions_.end())
        return fail(
            fmt::format("`{0}` needs a subcommand; see `drone {0} --help`", command.get_name())
        );
    return found->second();
}

} // namespace drone::cli

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe is a write that fails, with a message
    try {
        return drone::cli::run(argc, argv);
    } catch (const std::bad_alloc&) {
        return drone::cli::refuse("out of memory", drone::cli::failed);
    } catch (const std::exception& problem) {
        return drone::cli::refuse(problem.what(), drone::cli::failed);
    }
}
