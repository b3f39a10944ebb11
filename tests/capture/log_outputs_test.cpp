// SPDX-License-Identifier: MIT

// What `drone log` does with its outputs: files that are one, readers that do not read, ports that
// nobody asked for.

#include "log_command.hpp"
#include "paths.hpp"
#include "stream/encode.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <random>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace drone::capture {

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// Text of a port, a byte a packet.
bytes text_packets(std::uint8_t port, std::string_view text) {
    bytes packets;
    for (const char letter : text) {
        const auto value = static_cast<std::uint8_t>(letter);
        stream::encode_itm(stream::software{.port = port, .size = 1, .value = value}, packets);
    }
    return packets;
}

bytes begin_word() { return {0x02, 0x02, 0x02, 0xA0}; }

class LogOutputs : public log_command {
protected:
    [[nodiscard]] std::string text_of(const std::string& name) const {
        const bytes content = file(name);
        return {content.begin(), content.end()};
    }
    [[nodiscard]] bool says(const std::string& part) const {
        return becomes_true([&] { return errors().find(part) != std::string::npos; });
    }
};

/// The bytes that wait in a pipe or terminal.
bytes waiting_in(int fd) {
    bytes got;
    for (;;) {
        pollfd asked{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&asked, 1, 0) <= 0 || (asked.revents & POLLIN) == 0) return got;
        std::array<std::uint8_t, 4096> part{};
        const ssize_t size = ::read(fd, part.data(), part.size());
        if (size <= 0) return got;
        got.insert(got.end(), part.data(), part.data() + size);
    }
}

} // namespace

TEST_F(LogOutputs, AStrayPageHidesNothingAfterTheNextSynchronisation) {
    for (const std::string name : {"page_mid", "page_mid_ref"})
        EXPECT_EQ(
            run(
                {"--input",
                 DRONE_SOURCE_DIR "/tests/capture/cases/" + name + ".swo",
                 path(name + ":31")}
            ),
            0
        );
    EXPECT_EQ(file("page_mid").size(), 163 * 4U);
    EXPECT_EQ(file("page_mid"), file("page_mid_ref"));
}

TEST_F(LogOutputs, CountsThePacketsThatNoOutputAsksFor) {
    bytes input = text_packets(0, "text");
    for (const std::uint8_t port : bytes{3, 3, 5})
        stream::encode_itm(stream::software{.port = port, .value = 7}, input);
    EXPECT_EQ(run({"--input", "-", ":0"}, input), 0);
    EXPECT_EQ(text_of("stdout"), "text");
    EXPECT_EQ(errors(), "drone: packets that are not in any output: 2 of port 3, 1 of port 5\n");
    EXPECT_EQ(run({"--input", "-"}, input), 0);
    EXPECT_EQ(errors(), "");
}

TEST_F(LogOutputs, AnOutputThatIsTheInputIsRefused) {
    const bytes capture = text_packets(0, "all that there is");
    write_file("cap", capture);
    std::filesystem::create_hard_link(path("cap"), path("hard"));
    std::filesystem::create_symlink("cap", path("soft"));
    for (const std::string name : {"cap", "./cap", "hard", "soft"}) {
        for (const std::string ports : {":31", ":0", ""}) {
            EXPECT_EQ(WEXITSTATUS(run({"--input", "cap", name + ports})), 1) << name << ports;
            EXPECT_EQ(file("cap"), capture) << name << ports;
            EXPECT_THAT(errors(), AllOf(HasSubstr("cap and"), HasSubstr("are the same file")));
        }
    }
}

TEST_F(LogOutputs, TwoOutputsThatAreOneFileAreRefused) {
    write_file("a", bytes_of("old"));
    std::filesystem::create_symlink("a", path("soft"));
    for (const std::string other : {"./a:31", "soft:31", "soft:1"}) {
        EXPECT_EQ(WEXITSTATUS(run({"--input", "-", "a:0", other}, text_packets(0, "x"))), 1);
        EXPECT_EQ(text_of("a"), "old");
    }
    EXPECT_EQ(run({"--input", "-", "/dev/null:0", "/dev/null:31"}, text_packets(0, "x")), 0);
}

TEST_F(LogOutputs, AFileThatIsEmptiedByAQuietPortIsReported) {
    write_file("heaptrace", bytes_of("the only trace"));
    EXPECT_EQ(run({"--input", "-", "heaptrace:30", ":0"}, text_packets(0, "x")), 0);
    EXPECT_EQ(file("heaptrace"), bytes());
    EXPECT_THAT(
        errors(),
        HasSubstr("nothing came on the ports of heaptrace: it is empty now, and had 14 bytes before"
        )
    );
    EXPECT_EQ(run({"--input", "-", "heaptrace:30", ":0"}, text_packets(0, "x")), 0);
    EXPECT_EQ(errors(), "");
}

TEST_F(LogOutputs, PortsBeyondThoseOfATargetAreNotNamed) {
    bytes input = text_packets(0, "text");
    stream::encode_itm(stream::stimulus_page{.page = 6}, input);
    stream::encode_itm(stream::software{.port = 4, .value = 7}, input);
    EXPECT_EQ(run({"--input", "-", ":0"}, input), 0);
    EXPECT_THAT(errors(), HasSubstr("packets that are not in any output: 1 of ports above 31\n"));
}

TEST_F(LogOutputs, TimesNeedTheBoardsAndAreSecondsWhereTheClockIsKnown) {
    EXPECT_EQ(run({"--input", "-", "--time", ":0"}, text_packets(0, "a\n")), 0);
    EXPECT_THAT(errors(), HasSubstr("write timestamps = true below [log]"));
    bytes input = text_packets(0, "a\n");
    stream::encode_itm(stream::local_timestamp{.ticks = 3'000'000}, input);
    write_file("Drone.toml", bytes_of("[log]\ncore_clock = \"2 MHz\"\n"));
    EXPECT_EQ(run({"--input", "-", "--time", ":0"}, input), 0);
    EXPECT_THAT(text_of("stdout"), HasSubstr("[  1.500000 s] a\n"));
    EXPECT_EQ(errors(), "");
}

TEST_F(LogOutputs, AQuietHeapTracePortLeavesTheLastTraceAlone) {
    write_file("heaptrace", begin_word());
    EXPECT_EQ(run({"--input", "-", "heaptrace:31", ":0"}, text_packets(0, "x")), 0);
    EXPECT_EQ(file("heaptrace"), begin_word());
    EXPECT_THAT(errors(), HasSubstr("port 31 sent nothing, so heaptrace was not changed"));
    bytes input;
    stream::encode_itm(stream::software{.port = 31, .value = 0xC5}, input);
    EXPECT_EQ(run({"--input", "-", "heaptrace:31"}, input), 0);
    EXPECT_EQ(file("heaptrace"), (bytes{0xC5, 0, 0, 0}));
}

TEST_F(LogOutputs, AFifoWithoutAReaderIsWaitedForAndCtrlCEndsThat) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    write_file("in", text_packets(0, "x"));
    running_log log = start({"--input", "in", "fifo:0"});
    ASSERT_TRUE(says("fifo is a FIFO that nobody reads yet"));
    log.signal(SIGINT);
    EXPECT_EQ(log.wait(), 0);
}

TEST_F(LogOutputs, AFifoGetsEverythingOnceItIsRead) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    write_file("in", text_packets(0, "late"));
    running_log log = start({"--input", "in", "fifo:0"});
    ASSERT_TRUE(says("waiting for a reader"));
    const base::descriptor reader(::open(path("fifo").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(log.wait(), 0);
    EXPECT_EQ(waiting_in(reader.get()), bytes_of("late"));
}

TEST_F(LogOutputs, AFifoThatNobodyWritesIsReadUntilCtrlC) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    running_log log = start({"--input", "fifo", "text:0"});
    ASSERT_TRUE(becomes_true([&] { return std::filesystem::exists(path("text")); }));
    log.signal(SIGINT);
    EXPECT_EQ(log.wait(), 0);
}

TEST_F(LogOutputs, CtrlCEndsACaptureWhoseReaderDoesNotRead) {
    const pipe_ends from_log = make_pipe();
    const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    write_file("in", text_packets(0, std::string(1'000'000, 'x')));
    running_log log = start({"--input", "in", ":0"}, nothing.get(), from_log.in.get());
    const auto is_full = [&] {
        int waiting = 0;
        ::ioctl(from_log.out.get(), FIONREAD, &waiting);
        return waiting >= 65'536;
    };
    ASSERT_TRUE(becomes_true(is_full));
    log.signal(SIGINT);
    EXPECT_EQ(WEXITSTATUS(log.wait()), 1);
    EXPECT_THAT(errors(), HasSubstr("standard output: its reader does not read"));
}

/// `drone log` of a file as another user, whom the pipe on its standard output does not belong to:
/// it cannot be opened anew. Who may not become another user runs it as himself.
pid_t log_as_nobody(const std::string& input, int standard_output, int standard_error) {
    constexpr uid_t nobody = 65534;
    const base::descriptor program(::open(tool, O_PATH));
    const base::descriptor file(::open(input.c_str(), O_RDONLY));
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::dup2(file.get(), STDIN_FILENO);
    ::dup2(standard_output, STDOUT_FILENO);
    ::dup2(standard_error, STDERR_FILENO);
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(99);
    std::array words{
        std::string("drone"),
        std::string("log"),
        std::string("--input"),
        std::string("-"),
        std::string(":0")
    };
    std::array<char*, 6> argv{};
    std::ranges::transform(words, argv.begin(), [](std::string& word) { return word.data(); });
    ::fexecve(program.get(), argv.data(), environ);
    ::_exit(98);
}

TEST_F(LogOutputs, CtrlCEndsACaptureWhoseReaderDoesNotReadAndCannotBeOpenedAnew) {
    const pipe_ends from_log = make_pipe();
    write_file("in", text_packets(0, std::string(1'000'000, 'x')));
    const base::descriptor said = open_errors();
    const pid_t log = log_as_nobody(path("in"), from_log.in.get(), said.get());
    const auto is_full = [&] {
        int waiting = 0;
        ::ioctl(from_log.out.get(), FIONREAD, &waiting);
        return waiting >= 61'440;
    };
    ASSERT_TRUE(becomes_true(is_full));
    ::kill(log, SIGINT);
    int status = 0;
    ::waitpid(log, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_THAT(errors(), HasSubstr("standard output: its reader does not read"));
}

TEST_F(LogOutputs, APipeThatCannotBeOpenedAnewGetsEverything) {
    const pipe_ends from_log = make_pipe();
    const std::string text(300'000, 'x');
    write_file("in", text_packets(0, text));
    const base::descriptor said = open_errors();
    const pid_t log = log_as_nobody(path("in"), from_log.in.get(), said.get());
    bytes got;
    while (got.size() < text.size()) {
        pollfd asked{.fd = from_log.out.get(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&asked, 1, hang_milliseconds), 1) << got.size();
        const bytes part = waiting_in(from_log.out.get());
        got.insert(got.end(), part.begin(), part.end());
    }
    int status = 0;
    ::waitpid(log, &status, 0);
    EXPECT_EQ(status, 0) << errors();
    EXPECT_TRUE(got == bytes_of(text));
}

TEST_F(LogOutputs, AClosedStandardOutputIsAnError) {
    write_file("in", text_packets(0, "text"));
    const std::string command = "cd " + path("") + " && " + std::string(tool) + " log --input in";
    EXPECT_EQ(WEXITSTATUS(std::system((command + " :0 >&- 2>stderr").c_str())), 1);
    EXPECT_THAT(errors(), HasSubstr("standard output: Bad file descriptor"));
    EXPECT_EQ(std::system((command + " all:0 >&- 2>stderr").c_str()), 0);
    EXPECT_EQ(text_of("all"), "text");
}

TEST_F(LogOutputs, ANonBlockingStandardOutputGetsEverything) {
    const pipe_ends from_log = make_pipe();
    ASSERT_EQ(::fcntl(from_log.in.get(), F_SETFL, O_NONBLOCK), 0);
    const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const std::string text(1'000'000, 'x');
    write_file("in", text_packets(0, text));
    running_log log = start({"--input", "in", ":0"}, nothing.get(), from_log.in.get());
    bytes got;
    while (got.size() < text.size()) {
        pollfd asked{.fd = from_log.out.get(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&asked, 1, hang_milliseconds), 1) << got.size();
        const bytes part = waiting_in(from_log.out.get());
        got.insert(got.end(), part.begin(), part.end());
    }
    EXPECT_EQ(log.wait(), 0);
    EXPECT_TRUE(got == bytes_of(text));
    EXPECT_EQ(errors(), "");
}

TEST_F(LogOutputs, ALineThatDoesNotEndIsCut) {
    EXPECT_EQ(run({"--input", "-", "--time", ":0"}, text_packets(0, std::string(10'000, 'x'))), 0);
    std::size_t begin = 0;
    std::size_t letters = 0;
    const std::string text = text_of("stdout");
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
        EXPECT_LT(end - begin, 4200U);
        letters += end - begin - std::string("[           -] ").size();
    }
    EXPECT_EQ(begin, text.size());
    EXPECT_EQ(letters, 10'000U);
}

TEST_F(LogOutputs, ListsThePacketsOfThePortsThatAreAskedFor) {
    bytes input = text_packets(0, "a");
    stream::encode_itm(stream::pc_sample{0x1000}, input);
    stream::encode_itm(stream::software{.port = 31, .value = 7}, input);
    EXPECT_EQ(run({"--input", "-", "--packets", ":0"}, input), 0);
    EXPECT_EQ(text_of("stdout"), "0 SW port=0 size=1 value=0x61\n");
    EXPECT_EQ(run({"--input", "-", "--packets", "words:31"}, input), 0);
    EXPECT_THAT(text_of("stdout"), AllOf(HasSubstr("port=0"), HasSubstr("HW PC")));
    EXPECT_EQ(file("words"), (bytes{7, 0, 0, 0}));
}

TEST_F(LogOutputs, ACaptureOfAnotherKindSaysSo) {
    std::mt19937 random(1);
    bytes packets;
    bytes noise;
    for (int i = 0; i < 1000; ++i) {
        const auto any = static_cast<std::uint32_t>(random());
        stream::encode_itm(stream::software{.port = 31, .value = any}, packets);
        for (unsigned byte = 0; byte < 4; ++byte)
            noise.push_back(static_cast<std::uint8_t>(any >> 8 * byte));
    }
    bytes frames;
    stream::tpiu_framer framer;
    framer.put(3, packets, frames);
    framer.finish(frames);
    struct kind {
        const bytes& input;
        const char* read_as;
        const char* says;
    };
    for (const kind& one : {
             kind{packets, "tpiu:1", "it looks like bare ITM packets: try --format swo"},
             kind{frames, "swo", "it looks like TPIU frames with ID 3: try --format tpiu:3"},
             kind{frames, "tpiu:1", "it looks like TPIU frames with ID 3: try --format tpiu:3"},
             kind{noise, "swo", "check the baud rate"},
             kind{noise, "tpiu:1", "check the baud rate"},
         }) {
        EXPECT_EQ(run({"--input", "-", "--format", one.read_as, "h:31"}, one.input), 0);
        EXPECT_THAT(errors(), HasSubstr(one.says)) << one.read_as;
    }
    EXPECT_EQ(run({"--input", "-", "--format", "swo", "h:31"}, packets), 0);
    EXPECT_EQ(errors(), "");
    EXPECT_EQ(run({"--input", "-", "--format", "tpiu:3", "h:31"}, frames), 0);
    EXPECT_EQ(errors(), "");
}

TEST_F(LogOutputs, ATerminalIsShownTextAndToldOfTheRest) {
    int ours = -1;
    int theirs = -1;
    termios raw{};
    ::cfmakeraw(&raw);
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, &raw, nullptr), 0);
    const base::descriptor screen(ours);
    const base::descriptor terminal(theirs);
    bytes input = text_packets(0, "gr\xC3\xBC\xC3\x9F dich\n");
    stream::encode_itm(stream::software{.port = 31, .value = 0x41414141}, input);
    const bytes binary = text_packets(2, "on\x01ly");
    input.insert(input.end(), binary.begin(), binary.end());
    write_file("in", input);
    const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    running_log log = start({"--input", "in"}, nothing.get(), terminal.get());
    EXPECT_EQ(log.wait(), 0);
    EXPECT_EQ(waiting_in(screen.get()), bytes_of("gr\xC3\xBC\xC3\x9F dich\non"));
    EXPECT_THAT(errors(), HasSubstr("packets that are not shown here: 3 of port 2, 1 of port 31"));
}

TEST_F(LogOutputs, ATerminalThatShowsTextHasNoStatusLineInIt) {
    const auto shown = [&](const std::string& output) {
        int ours = -1;
        int theirs = -1;
        termios raw{};
        ::cfmakeraw(&raw);
        EXPECT_EQ(::openpty(&ours, &theirs, nullptr, &raw, nullptr), 0);
        const base::descriptor screen(ours);
        const base::descriptor terminal(theirs);
        write_file("in", text_packets(0, "text\n"));
        const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
        running_log log(
            path(""), {"--input", "in", output}, nothing.get(), terminal.get(), terminal.get()
        );
        EXPECT_EQ(log.wait(), 0);
        return waiting_in(screen.get());
    };
    EXPECT_EQ(shown(":0"), bytes_of("text\n"));
    const bytes status = shown("file:0");
    EXPECT_THAT(std::string(status.begin(), status.end()), HasSubstr(" packets  "));
}

} // namespace drone::capture
