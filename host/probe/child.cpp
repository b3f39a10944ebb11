// SPDX-License-Identifier: MIT
#include "probe/child.hpp"

#include "base/errno.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace drone::probe {

namespace {

/// Everything in a file, from its beginning.
std::string contents(int file) {
    std::string text;
    std::array<char, 4096> buffer{};
    off_t offset = 0;
    for (;;) {
        const ssize_t count = ::pread(file, buffer.data(), buffer.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        offset += count;
    }
}

/// The last line that says something, without the program's own name before it.
std::string last_line(std::string text, const std::string& name) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    const std::size_t line_break = text.rfind('\n');
    if (line_break != std::string::npos) text.erase(0, line_break + 1);
    if (const std::string prefix = name + ": "; text.starts_with(prefix))
        text.erase(0, prefix.size());
    return text;
}

/// The descriptors and signals that posix_spawn sets up.
class spawn_plan {
public:
    spawn_plan(int output, int errors) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        // What the tool ignores or blocks is the tool's own affair.
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        for (const int number : {SIGPIPE, SIGINT, SIGTERM})
            sigaddset(&signals, number);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;
    ~spawn_plan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    [[nodiscard]] const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }
    [[nodiscard]] const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

} // namespace

result<child> child::start(const std::vector<std::string>& command) {
    const std::string name = std::filesystem::path(command.front()).filename().string();
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_with_errno(name, errno);
    base::descriptor output(ends[0]);
    const base::descriptor input(ends[1]);
    base::descriptor errors(::memfd_create("errors", MFD_CLOEXEC));
    if (errors.get() < 0) return base::fail_with_errno(name, errno);

    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const spawn_plan plan(input.get(), errors.get());
    pid_t process = 0;
    const int problem = ::posix_spawnp(
        &process, arguments[0], plan.actions(), plan.attributes(), arguments.data(), environ
    );
    if (problem != 0) return base::fail_with_errno(command.front(), problem, "is it installed?");
    return child(name, process, std::move(output), std::move(errors));
}

child::child(child&& other) noexcept
    : name_(std::move(other.name_)), process_(other.process_.exchange(0)),
      interrupted_(other.interrupted_.load()), output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

child::~child() {
    interrupt();
    [[maybe_unused]] const auto said = wait();
}

void child::interrupt() noexcept {
    interrupted_ = true;
    if (const pid_t process = process_; process > 0) ::kill(process, SIGINT);
}

result<std::string> child::wait() {
    if (process_ == 0) return std::string();
    output_.close();
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(process_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    process_ = 0;
    std::string said = contents(errors_.get());
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        if (interrupted_ || number == SIGINT || number == SIGTERM) return said;
        return fail(fmt::format("{} ended by signal {}", name_, number));
    }
    const std::string line = last_line(said, name_);
    if (line.empty())
        return fail(fmt::format("{} ended with exit code {}", name_, WEXITSTATUS(status)));
    return fail(line);
}

result<std::string> run_child(const std::vector<std::string>& command) {
    auto program = child::start(command);
    if (!program) return std::unexpected(program.error());
    std::array<char, 4096> ignored{};
    for (;;) {
        const ssize_t count = ::read(program->output(), ignored.data(), ignored.size());
        if (count == 0 || (count < 0 && errno != EINTR)) break;
    }
    return program->wait();
}

} // namespace drone::probe
