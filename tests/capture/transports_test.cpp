// SPDX-License-Identifier: MIT

// What the demo firmware says on the virtual board's SWO pin is recorded once; then `drone log`
// takes it from a file, a pipe, a serial line and a TCP server, and from the board itself, and
// every port must come out the same, byte for byte.
//
// The last needs the same ports enabled as in the recording: a firmware that is listened to on
// fewer waits less, so its interrupts strike elsewhere, and it counts other preemptions.

#include "log_command.hpp"
#include "paths.hpp"

#include <algorithm>

namespace drone::capture {

namespace {

constexpr const char* project = DRONE_BINARY_DIR "/tests/capture/demo";

/// Runs a program of the build to its end.
void run_program(std::vector<std::string> words) {
    std::vector<char*> argv(words.size() + 1); // null at its end
    std::ranges::transform(words, argv.begin(), [](std::string& word) { return word.data(); });
    pid_t process = -1;
    ASSERT_EQ(::posix_spawn(&process, argv[0], nullptr, nullptr, argv.data(), environ), 0);
    int status = -1;
    ::waitpid(process, &status, 0);
    ASSERT_EQ(status, 0) << words[0] << ' ' << words[1];
}

class Transports : public log_command {
protected:
    void SetUp() override {
        const std::string board = DRONE_BINARY_DIR "/bin/drone-board";
        const std::string flash = path(".drone/flash.bin");
        std::filesystem::create_directory(path(".drone"));
        std::filesystem::copy(std::string(project) + "/Drone.toml", path("Drone.toml"));
        run_program(
            {board, "flash", "--flash-file", flash, std::string(project) + "/build/demo.elf"}
        );
        run_program(
            {board,
             "run",
             "--flash-file",
             flash,
             "--swo",
             path("recording"),
             "--baud",
             "2000000", // that of Drone.toml
             "--ports",
             "0x80000003"}
        );
        recording_ = file("recording");
        EXPECT_EQ(capture({"--input", path("recording")}, "file"), 0);
        ASSERT_GT(file("file.0").size(), 10'000U);
        ASSERT_GT(file("file.1").size(), 100U);
        ASSERT_GT(file("file.31").size(), 50'000U);
    }

    /// The outputs of a capture that is called `name`.
    [[nodiscard]] std::vector<std::string>
    captured(std::vector<std::string> words, const std::string& name) const {
        for (const char* const port : {"0", "1", "31"})
            words.push_back(path(name + "." + port + ":" + port));
        return words;
    }

    int capture(const std::vector<std::string>& words, const std::string& name) {
        return start(captured(words, name)).wait();
    }

    void expect_the_same(const std::string& name) const {
        EXPECT_TRUE(file(name + ".0") == file("file.0"));
        EXPECT_TRUE(file(name + ".1") == file("file.1"));
        // A live source's file has the host's time in it.
        EXPECT_TRUE(without_capture_words(name + ".31") == file("file.31"));
    }

    bytes recording_;
};

} // namespace

TEST_F(Transports, APipeIsAsAFile) {
    pipe_ends ends = make_pipe();
    running_log log = start(captured({"--input", "-"}, "pipe"), ends.out.get());
    ends.out = base::descriptor();
    EXPECT_TRUE(write_all(ends.in.get(), recording_));
    ends.in = base::descriptor();
    EXPECT_EQ(log.wait(), 0);
    expect_the_same("pipe");
}

TEST_F(Transports, ATcpServerIsAsAFile) {
    const listener server;
    running_log log = start(captured({"--input", "tcp:" + server.address}, "tcp"));
    {
        const base::descriptor peer = server.accept();
        EXPECT_TRUE(write_all(peer.get(), recording_));
    }
    EXPECT_EQ(log.wait(), 0);
    expect_the_same("tcp");
}

TEST_F(Transports, ATcpPortThatCannotBeIsAnError) {
    for (const std::string port : {"0", "65536", "99999", "-1", "2x", "http"}) {
        EXPECT_EQ(WEXITSTATUS(run({"--input", "tcp:localhost:" + port, ":0"})), 1) << port;
        EXPECT_NE(errors().find(port + " is not a port; ports are 1 to 65535"), std::string::npos);
    }
}

TEST_F(Transports, ASerialLineIsAsAFile) {
    const serial_line line;
    running_log log = start(captured({"--input", "serial:" + line.device + "@2000000"}, "pty"));
    EXPECT_TRUE(write_all(line.board.get(), recording_));
    // Closing a pty throws away what was not read.
    EXPECT_TRUE(becomes_true([&] {
        return without_capture_words("pty.31").size() == file("file.31").size();
    }));
    log.signal(SIGINT);
    EXPECT_EQ(log.wait(), 0);
    expect_the_same("pty");
}

TEST_F(Transports, TheBoardItselfIsAsAFile) {
    EXPECT_EQ(capture({"--reset"}, "board"), 0);
    expect_the_same("board");
}

} // namespace drone::capture
