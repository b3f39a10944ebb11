// SPDX-License-Identifier: MIT

// `drone log` as its users run it: the built tool, real files, pipes, sockets, ptys and signals.
//
// DRONE_TRANSFER_MB (default 8) and DRONE_KILLS (default 20) make the long tests long:
// DRONE_TRANSFER_MB=1024 DRONE_KILLS=200 build/tests/capture_test --gtest_filter='LogCommand*'

#include "log_command.hpp"
#include "stream/encode.hpp"

#include <drone/wire.hpp>

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <random>
#include <thread>

namespace drone::capture {

namespace {

std::size_t setting(const char* name, std::size_t otherwise) {
    const char* const value = std::getenv(name);
    return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

/// What a board would say, and what each port's file must hold of it. It is made of blocks, so that
/// a gigabyte of it takes no memory.
class board_stream {
public:
    static constexpr std::size_t words_per_block = 4096;

    /// Packets of block `index`.
    static bytes block(std::size_t index) {
        bytes packets;
        for (std::size_t i = 0; i < words_per_block; ++i) {
            const std::uint32_t bits = heap_word(index * words_per_block + i);
            stream::encode_itm(stream::software{.port = 31, .value = bits}, packets);
            if (i % 16 == 0) {
                const auto count = static_cast<std::uint32_t>(index * words_per_block + i);
                stream::encode_itm(stream::software{.port = 30, .value = count}, packets);
            }
        }
        return packets;
    }

    static bytes heap_words(std::size_t blocks) {
        bytes all;
        for (std::size_t i = 0; i < blocks * words_per_block; ++i)
            append(all, heap_word(i));
        return all;
    }

    static bytes counts(std::size_t blocks) {
        bytes all;
        for (std::size_t i = 0; i < blocks * words_per_block; i += 16)
            append(all, static_cast<std::uint32_t>(i));
        return all;
    }

private:
    static std::uint32_t heap_word(std::size_t index) {
        if (index == 0)
            return wire::make_begin({.size = 1 << 20, .alignment = 4, .pool_count = 3}).bits;
        const auto number = static_cast<std::uint32_t>(index);
        return wire::event(wire::operation::allocate, number, number * 8 & wire::data_mask).bits;
    }
    static void append(bytes& to, std::uint32_t word) {
        for (unsigned i = 0; i < 4; ++i)
            to.push_back(static_cast<std::uint8_t>(word >> 8 * i));
    }
};

class LogCommand : public log_command {
protected:
    void expect_everything_arrived(std::size_t blocks) const {
        EXPECT_TRUE(file("counts") == board_stream::counts(blocks)) << "port 30 differs";
        EXPECT_TRUE(without_capture_words("heaptrace") == board_stream::heap_words(blocks))
            << "port 31 differs";
    }

    static std::size_t transfer_blocks() {
        return setting("DRONE_TRANSFER_MB", 8) * 1'000'000 / board_stream::block(0).size() + 1;
    }
};

bool is_prefix(const bytes& part, const bytes& whole) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

using testing::HasSubstr;

} // namespace

TEST_F(LogCommand, RoutesPortsOfAFileToFilesAndStandardOutput) {
    write_file("in", board_stream::block(0));
    EXPECT_EQ(run({"--input", path("in"), path("heaptrace:31"), ":30"}), 0);
    EXPECT_EQ(file("heaptrace"), board_stream::heap_words(1));
    EXPECT_EQ(file("stdout"), board_stream::counts(1));
}

TEST_F(LogCommand, WithoutOutputsShowsEveryPort) {
    EXPECT_EQ(run({"--input", "-"}, {0x01, 'a', 0x09, 'b', 0x17, 1, 2, 3, 4, 0x01, 'c'}), 0);
    EXPECT_EQ(file("stdout"), (bytes{'a', 'b', 'c'}));
}

TEST_F(LogCommand, ListsPackets) {
    EXPECT_EQ(run({"--input", "-", "--packets"}, {0x0E, 0x0F, 0x10, 0xC0, 0x05}), 0);
    const bytes text = file("stdout");
    EXPECT_EQ(
        std::string(text.begin(), text.end()),
        "0 HW EXC num=15 fn=enter time=5\n3 LTS1 tc=0 ts=5 time=5\n"
    );
    EXPECT_EQ(run({"--input", "-", "--packets", "--json"}, {0x0E, 0x0F, 0x10}), 0);
    const bytes json = file("stdout");
    EXPECT_EQ(
        std::string(json.begin(), json.end()),
        R"({"offset":0,"time":null,"tentative":true,"kind":"exception","number":15,)"
        R"("name":"SysTick","action":"enter"})"
        "\n"
    );
}

TEST_F(LogCommand, PutsTheTargetsTimeBeforeLines) {
    EXPECT_EQ(
        run({"--input", "-", "--time", ":0"},
            {0x01, 'a', 0xC0, 0x05, 0x01, '\n', 0xC0, 0x06, 0x01, 'b'}),
        0
    );
    const bytes text = file("stdout");
    EXPECT_EQ(std::string(text.begin(), text.end()), "[           5] a\n[          11] b\n");
}

TEST_F(LogCommand, AWrongUsageEndsWith2) {
    EXPECT_EQ(WEXITSTATUS(run({"--input", "-", "x:"})), 2);
    EXPECT_EQ(WEXITSTATUS(run({"--input", "-", "--format", "usb"})), 2);
}

TEST_F(LogCommand, ASourceThatIsNotThereLeavesOldFilesAlone) {
    write_file("heaptrace", {1, 2, 3, 4});
    EXPECT_EQ(WEXITSTATUS(run({"--input", path("missing"), path("heaptrace:31")})), 1);
    EXPECT_EQ(file("heaptrace"), (bytes{1, 2, 3, 4}));
}

TEST_F(LogCommand, AFullDiskStopsItsOutputAndKeepsTheOthersGoing) {
    write_file("in", board_stream::block(0));
    EXPECT_EQ(WEXITSTATUS(run({"--input", path("in"), "/dev/full:30", path("heaptrace:31")})), 1);
    EXPECT_EQ(file("heaptrace"), board_stream::heap_words(1));
    EXPECT_EQ(errors(), "drone: /dev/full: No space left on device; make room on the disk\n");
}

TEST_F(LogCommand, AnUnwritablePathStopsItsOutputAndKeepsTheOthersGoing) {
    write_file("in", board_stream::block(0));
    EXPECT_EQ(
        WEXITSTATUS(run({"--input", path("in"), path("no/such:30"), path("heaptrace:31")})), 1
    );
    EXPECT_EQ(file("heaptrace"), board_stream::heap_words(1));
    EXPECT_THAT(errors(), HasSubstr("no/such: No such file or directory"));
}

TEST_F(LogCommand, AClosedPipeStopsItsOutputAndKeepsTheOthersGoing) {
    write_file("in", board_stream::block(0));
    pipe_ends closed = make_pipe();
    closed.out = base::descriptor();
    const base::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    running_log log =
        start({"--input", path("in"), ":30", path("heaptrace:31")}, nothing.get(), closed.in.get());
    closed.in = base::descriptor();
    EXPECT_EQ(WEXITSTATUS(log.wait()), 1);
    EXPECT_EQ(file("heaptrace"), board_stream::heap_words(1));
    EXPECT_THAT(errors(), HasSubstr("standard output: Broken pipe"));
}

TEST_F(LogCommand, WhatIsSaidAppearsAtOnce) {
    pipe_ends to_log = make_pipe();
    const pipe_ends from_log = make_pipe();
    running_log log = start({"--input", "-", ":0"}, to_log.out.get(), from_log.in.get());
    for (const char letter : {'h', 'i'}) {
        ASSERT_TRUE(write_all(to_log.in.get(), bytes{0x01, static_cast<std::uint8_t>(letter)}));
        pollfd said{.fd = from_log.out.get(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&said, 1, hang_milliseconds), 1);
        char heard = 0;
        ASSERT_EQ(::read(from_log.out.get(), &heard, 1), 1);
        EXPECT_EQ(heard, letter);
    }
    to_log.in = base::descriptor();
    EXPECT_EQ(log.wait(), 0);
}

TEST_F(LogCommand, LosesNothingOverTcp) {
    const std::size_t blocks = transfer_blocks();
    const listener server;
    running_log log =
        start({"--input", "tcp:" + server.address, path("heaptrace:31"), path("counts:30")});
    {
        const base::descriptor peer = server.accept();
        for (std::size_t i = 0; i < blocks; ++i)
            ASSERT_TRUE(write_all(peer.get(), board_stream::block(i)));
    }
    EXPECT_EQ(log.wait(), 0);
    expect_everything_arrived(blocks);
    EXPECT_EQ(errors(), "drone: " + server.address + " closed\n");
}

TEST_F(LogCommand, LosesNothingOverAPty) {
    const std::size_t blocks = transfer_blocks();
    const serial_line line;
    running_log log = start(
        {"--input", "serial:" + line.device + "@12000000", path("heaptrace:31"), path("counts:30")}
    );
    for (std::size_t i = 0; i < blocks; ++i)
        ASSERT_TRUE(write_all(line.board.get(), board_stream::block(i)));
    // Closing a pty throws away what was not read.
    const std::size_t expected = board_stream::words_per_block / 16 * 4 * blocks;
    EXPECT_TRUE(becomes_true([&] {
        std::error_code ignored;
        return std::filesystem::file_size(path("counts"), ignored) == expected;
    }));
    log.signal(SIGINT);
    EXPECT_EQ(log.wait(), 0);
    expect_everything_arrived(blocks);
    EXPECT_EQ(errors(), "");
}

TEST_F(LogCommand, ReadsOpenOcdTraceMessages) {
    const listener server;
    running_log log = start({"--input", "openocd:" + server.address, path("text:0")});
    {
        const base::descriptor peer = server.accept();
        std::array<char, 13> asked{};
        ASSERT_EQ(::recv(peer.get(), asked.data(), asked.size(), MSG_WAITALL), 13);
        EXPECT_EQ(std::string(asked.data(), asked.size()), "tcl_trace on\x1a");
        const std::string answer = "\x1atype target_trace data 01680169\r\n\x1a";
        ASSERT_TRUE(write_all(peer.get(), bytes(answer.begin(), answer.end())));
    }
    EXPECT_EQ(log.wait(), 0);
    EXPECT_EQ(file("text"), (bytes{'h', 'i'}));
}

TEST_F(LogCommand, WaitsForAServerThatComesBack) {
    const listener server;
    running_log log = start({"--wait", "--input", "tcp:" + server.address, path("text:0")});
    for (const std::uint8_t letter : bytes{'h', 'i'}) {
        const base::descriptor peer = server.accept();
        ASSERT_TRUE(write_all(peer.get(), bytes{0x01, letter}));
    }
    EXPECT_TRUE(becomes_true([&] { return file("text") == bytes{'h', 'i'}; }));
    log.signal(SIGTERM);
    EXPECT_EQ(log.wait(), 0);
    EXPECT_THAT(errors(), HasSubstr("closed; waiting for it to come back"));
}

TEST_F(LogCommand, ATerminalThatGoesAwayEndsItAsCtrlCDoes) {
    const listener server;
    running_log log = start({"--input", "tcp:" + server.address, path("text:0")});
    const base::descriptor peer = server.accept();
    ASSERT_TRUE(write_all(peer.get(), bytes{0x01, 'h', 0x01, 'i'}));
    EXPECT_TRUE(becomes_true([&] { return file("text") == bytes{'h', 'i'}; }));
    log.signal(SIGHUP);
    EXPECT_EQ(log.wait(), 0);
    EXPECT_EQ(file("text"), (bytes{'h', 'i'}));
}

TEST_F(LogCommand, KilledAtAnyMomentLeavesAPrefixInWholeWords) {
    constexpr std::size_t blocks = 400;
    const bytes heap = board_stream::heap_words(blocks);
    const bytes counts = board_stream::counts(blocks);
    std::mt19937 random(7);
    std::uniform_int_distribution<int> moment(0, 40'000);
    const std::size_t kills = setting("DRONE_KILLS", 20);
    std::size_t begun = 0;
    for (std::size_t i = 0; i < kills; ++i) {
        constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGKILL};
        const int number = signals[i % signals.size()];
        pipe_ends to_log = make_pipe();
        std::filesystem::remove(path("heaptrace"));
        std::filesystem::remove(path("counts"));
        running_log log =
            start({"--input", "-", path("heaptrace:31"), path("counts:30")}, to_log.out.get());
        to_log.out = base::descriptor();
        const std::jthread board([&] {
            for (std::size_t block = 0; block < blocks; ++block)
                if (!write_all(to_log.in.get(), board_stream::block(block))) return;
            to_log.in = base::descriptor();
        });
        // Every other one is killed once it writes, the others at any moment of their starting,
        // too.
        if (i % 2 == 0) {
            ASSERT_TRUE(becomes_true([&] { return !file("heaptrace").empty(); })) << "kill " << i;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(moment(random)));
        log.signal(number);
        const int status = log.wait();
        const bytes heap_now = file("heaptrace");
        const bytes counts_now = file("counts");
        ASSERT_TRUE(is_prefix(heap_now, heap)) << "kill " << i;
        ASSERT_TRUE(is_prefix(counts_now, counts)) << "kill " << i;
        ASSERT_EQ(heap_now.size() % 4, 0U) << "kill " << i;
        if (heap_now.empty()) continue; // it came before the program could listen to it
        ++begun;
        ASSERT_TRUE(status == 0 || number == SIGKILL) << "kill " << i << ": " << errors();
    }
    EXPECT_GT(begun, kills / 4);
}

} // namespace drone::capture
