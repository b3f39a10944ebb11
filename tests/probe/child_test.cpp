// SPDX-License-Identifier: MIT
#include "probe/child.hpp"
#include "scratch.hpp"

#include <array>
#include <unistd.h>
#include <utility>

namespace drone::probe {

namespace {

using Child = Scratch;

std::string read_to_end(int file) {
    std::string text;
    std::array<char, 256> buffer{};
    for (ssize_t count = 0; (count = ::read(file, buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(count));
    return text;
}

std::vector<std::string> shell(std::string script) { return {"/bin/sh", "-c", std::move(script)}; }

} // namespace

TEST_F(Child, GivesItsOutputAndThenItsTalk) {
    result<child> program = child::start(shell("echo data; echo talk >&2"));
    ASSERT_TRUE(program.has_value()) << program.error().message;
    EXPECT_EQ(read_to_end(program->output()), "data\n");
    EXPECT_EQ(program->wait(), "talk\n");
}

TEST_F(Child, FailsWithItsOwnLastLine) {
    const auto tool = write_script("tool", "echo talk >&2; echo 'tool: no such board' >&2; exit 3");
    EXPECT_EQ(run_child({tool.string()}).error().message, "no such board");
}

TEST_F(Child, FailsWithItsExitCodeWhenItSaysNothing) {
    EXPECT_EQ(run_child(shell("exit 3")).error().message, "sh ended with exit code 3");
}

TEST_F(Child, FailsWithTheSignalThatEndedIt) {
    EXPECT_EQ(run_child(shell("kill -SEGV $$")).error().message, "sh ended by signal 11");
}

TEST_F(Child, ThatIsNotThereIsAnError) {
    EXPECT_EQ(
        child::start({"/nowhere/drone-board"}).error().message,
        "/nowhere/drone-board: No such file or directory; is it installed?"
    );
}

TEST_F(Child, MayTalkMoreThanAPipeHolds) {
    result<child> program =
        child::start(shell("head -c 300000 /dev/zero | tr '\\0' x >&2; echo done"));
    ASSERT_TRUE(program.has_value());
    EXPECT_EQ(read_to_end(program->output()), "done\n");
    EXPECT_EQ(program->wait()->size(), 300000);
}

TEST_F(Child, EndsWhenInterruptedWithoutFailing) {
    result<child> program = child::start(shell("echo up; exec sleep 60"));
    ASSERT_TRUE(program.has_value());
    std::array<char, 3> up{};
    ASSERT_EQ(::read(program->output(), up.data(), up.size()), 3);
    program->interrupt();
    EXPECT_TRUE(program->wait().has_value());
}

TEST_F(Child, KeepsWhatItStillWritesWhenInterrupted) {
    result<child> program =
        child::start(shell("trap 'echo last; exit 0' INT; echo up; while :; do :; done"));
    ASSERT_TRUE(program.has_value());
    std::array<char, 3> up{};
    ASSERT_EQ(::read(program->output(), up.data(), up.size()), 3);
    program->interrupt();
    EXPECT_EQ(read_to_end(program->output()), "last\n");
    EXPECT_TRUE(program->wait().has_value());
}

TEST_F(Child, EndsWithItsOwner) {
    pid_t process = 0;
    {
        result<child> program = child::start(shell("echo $$; while :; do :; done"));
        ASSERT_TRUE(program.has_value());
        std::array<char, 32> text{};
        ASSERT_GT(::read(program->output(), text.data(), text.size() - 1), 0);
        process = std::stoi(text.data());
        ASSERT_EQ(::kill(process, 0), 0);
    }
    EXPECT_EQ(::kill(process, 0), -1);
}

} // namespace drone::probe
