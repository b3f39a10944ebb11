// SPDX-License-Identifier: MIT
#pragma once

// `drone log` as its users run it: the built tool, real files, pipes, sockets, ptys and signals.

#include "capture/source.hpp"
#include "paths.hpp"

#include <drone/wire.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <pty.h>
#include <spawn.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drone::capture {

using bytes = std::vector<std::uint8_t>;
using namespace std::chrono_literals;

constexpr const char* tool = DRONE_BINARY_DIR "/bin/drone";

/// Writes everything, or stops when nobody reads any more.
inline bool write_all(int fd, std::span<const std::uint8_t> data) {
    while (!data.empty()) {
        const ssize_t size = ::write(fd, data.data(), data.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return false;
        data = data.subspan(static_cast<std::size_t>(size));
    }
    return true;
}

struct pipe_ends {
    base::descriptor out;
    base::descriptor in;
};

inline pipe_ends make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {base::descriptor(ends[0]), base::descriptor(ends[1])};
}

/// A running `drone log`.
class running_log {
public:
    running_log(
        const std::filesystem::path& folder,
        std::vector<std::string> words,
        int standard_input,
        int standard_output,
        int errors
    ) {
        words.insert(words.begin(), {tool, "log"});
        std::vector<char*> argv;
        for (std::string& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions{};
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
        ::posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
        EXPECT_EQ(::posix_spawn(&pid_, tool, &actions, nullptr, argv.data(), environ), 0);
        ::posix_spawn_file_actions_destroy(&actions);
    }
    running_log(const running_log&) = delete;
    running_log& operator=(const running_log&) = delete;
    ~running_log() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }

    void signal(int number) const { ::kill(pid_, number); }

    /// The wait status.
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return status;
    }

private:
    pid_t pid_ = -1;
};

/// A scratch folder, in which the tool runs.
class log_command : public testing::Test {
protected:
    log_command() {
        std::string name = (std::filesystem::temp_directory_path() / "drone_log_XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        ::signal(SIGPIPE, SIG_IGN);
    }
    ~log_command() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }

    [[nodiscard]] bytes file(const std::string& name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    void write_file(const std::string& name, const bytes& content) const {
        std::ofstream(path(name), std::ios::binary)
            .write(
                reinterpret_cast<const char*>(content.data()),
                static_cast<std::streamsize>(content.size())
            );
    }

    /// Runs it to its end with standard input, output and error as files of the folder.
    int run(std::vector<std::string> words, const bytes& input = {}) {
        write_file("stdin", input);
        const base::descriptor in(::open(path("stdin").c_str(), O_RDONLY | O_CLOEXEC));
        const base::descriptor out(
            ::open(path("stdout").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
        );
        const base::descriptor errors(open_errors());
        return running_log(folder_, std::move(words), in.get(), out.get(), errors.get()).wait();
    }

    /// Runs it with standard error as a file of the folder, and no output.
    [[nodiscard]] running_log start(std::vector<std::string> words) const {
        const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
        return start(std::move(words), nothing.get());
    }
    [[nodiscard]] running_log start(std::vector<std::string> words, int standard_input) const {
        const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
        return start(std::move(words), standard_input, nothing.get());
    }
    [[nodiscard]] running_log
    start(std::vector<std::string> words, int standard_input, int standard_output) const {
        const base::descriptor errors_file = open_errors();
        return {folder_, std::move(words), standard_input, standard_output, errors_file.get()};
    }

    [[nodiscard]] base::descriptor open_errors() const {
        return base::descriptor(
            ::open(path("stderr").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
        );
    }

    [[nodiscard]] std::string errors() const {
        const bytes text = file("stderr");
        return {text.begin(), text.end()};
    }

    /// The file without the words of the capture.
    [[nodiscard]] bytes without_capture_words(const std::string& name) const {
        const bytes all = file(name);
        bytes kept;
        for (std::size_t i = 0; i + 4 <= all.size(); i += 4) {
            const bool capture = all[i + 3] >> 5 == static_cast<int>(wire::operation::capture);
            if (!capture)
                kept.insert(
                    kept.end(),
                    all.begin() + static_cast<std::ptrdiff_t>(i),
                    all.begin() + static_cast<std::ptrdiff_t>(i + 4)
                );
        }
        return kept;
    }

    std::filesystem::path folder_;
};

/// Both sides of a listening socket on a free port of this machine.
struct listener {
    base::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::string address;

    listener() {
        sockaddr_in local{};
        local.sin_family = AF_INET;
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::listen(fd.get(), 1), 0);
        EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size), 0);
        address = "127.0.0.1:" + std::to_string(ntohs(local.sin_port));
    }
    [[nodiscard]] base::descriptor accept() const {
        return base::descriptor(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
};

/// A serial line: what is written to the board's end is read from the device of that name.
struct serial_line {
    base::descriptor board;
    base::descriptor kept_open;
    std::string device;

    serial_line() {
        int board_end = -1;
        int log_end = -1;
        std::array<char, 64> name{};
        termios raw{};
        ::cfmakeraw(&raw);
        EXPECT_EQ(::openpty(&board_end, &log_end, name.data(), &raw, nullptr), 0);
        board = base::descriptor(board_end);
        kept_open = base::descriptor(log_end);
        device = name.data();
        ::fcntl(board_end, F_SETFD, FD_CLOEXEC);
        ::fcntl(log_end, F_SETFD, FD_CLOEXEC);
    }
};

/// What ends a wait for something that never comes. It measures nothing: the slowest machine is faster.
constexpr std::chrono::seconds hang{120};
constexpr int hang_milliseconds = static_cast<int>(std::chrono::milliseconds(hang).count());

/// Whether `done` became true before all hope was lost.
inline bool becomes_true(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + hang;
    while (!done()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

} // namespace drone::capture
