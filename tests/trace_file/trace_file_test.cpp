// SPDX-License-Identifier: MIT
// Each case is a child process that traces and ends in its own way; what its file says is read.

#include "trace/read.hpp"
#include "usage/analysis.hpp"
#include "usage/statistics.hpp"

#include <drone/declare.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <host/exclusive.hpp>
#include <host/trace_file.hpp>
#include <iterator>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace files = std::filesystem;
namespace trace = drone::trace;

static_assert(drone::log_carrier<drone::host::trace_file>);

constexpr auto pools = drone::make_layout(1 << 20, {{16, 4096}, {64, 4096}, {256, 1024}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    using carrier = drone::host::trace_file;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
using traced_heap = drone::declared_heap<heap_options>;

traced_heap& heap() {
    static traced_heap instance;
    static const bool initialized = (instance.initialize(), true);
    static_cast<void>(initialized);
    return instance;
}

void default_signal(int number) {
    std::signal(number, SIG_DFL); // sanitizers bring their own handlers
    std::raise(number);
}

class TraceFile : public testing::Test {
protected:
    void SetUp() override {
        files::create_directories(folder_);
        ::setenv("DRONE_HEAPTRACE", file().c_str(), 1);
    }
    void TearDown() override { files::remove_all(folder_); }

    /// Runs `program` in a child, which ends as the program does or else by exit(0); its standard
    /// error goes into a file. Returns the wait status.
    template <class Program>
    int in_child(Program program) const {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            static_cast<void>(!std::freopen(said_file().c_str(), "a", stderr));
            program();
            std::exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }

    [[nodiscard]] std::string file() const { return (folder_ / "trace").string(); }
    [[nodiscard]] std::string said_file() const { return (folder_ / "said").string(); }
    [[nodiscard]] std::string said() const {
        std::ifstream in(said_file());
        return {std::istreambuf_iterator<char>(in), {}};
    }

    /// Reads the file, and checks that nothing is wrong with it.
    void read() {
        const auto from = trace::source::open(file());
        ASSERT_TRUE(from) << from.error().message;
        const auto result = from->read(usage_);
        ASSERT_TRUE(result) << result.error().message;
        found_ = *result;
        EXPECT_EQ(found_.gaps + found_.damaged + found_.lost_events + found_.repeated, 0U);
        EXPECT_EQ(found_.double_frees + found_.suspected_double_frees, 0U);
        EXPECT_EQ(found_.freed_unknown, 0U);
    }

    drone::usage::statistics usage_;
    trace::findings found_;
    files::path folder_ =
        files::path(testing::TempDir()) /
        ("drone-trace-file-" +
         std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

/// 30,000 events over more than one chunk of the file, then one block that stays.
void allocate_much() {
    for (int i = 0; i < 15'000; ++i)
        heap().deallocate(heap().allocate(20));
    static_cast<void>(heap().allocate(200));
}

TEST_F(TraceFile, HoldsEveryEventOfAProgramThatEndsAndNothingElse) {
    EXPECT_EQ(in_child(allocate_much), 0);
    ASSERT_NO_FATAL_FAILURE(read());
    EXPECT_EQ(found_.events, 30'001U);
    EXPECT_EQ(usage_.leftovers().at(200).blocks, 1U);
    // No filler is left: 30,001 events, announcements in less than 1 %, and few time words.
    EXPECT_LT(files::file_size(file()), 4 * 31'000U);
}

TEST_F(TraceFile, HoldsEveryEventBeforeACrash) {
    for (const int signal : {SIGABRT, SIGSEGV, SIGKILL}) {
        usage_ = {};
        const int status = in_child([&] {
            allocate_much();
            default_signal(signal);
        });
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal);
        ASSERT_NO_FATAL_FAILURE(read());
        EXPECT_EQ(found_.events, 30'001U) << signal;
        EXPECT_EQ(usage_.leftovers().at(200).blocks, 1U);
    }
}

TEST_F(TraceFile, HoldsTheEventsOfThreadsInTheirOrder) {
    const int status = in_child([] {
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([] {
                for (int i = 0; i < 5'000; ++i)
                    heap().deallocate(heap().allocate(static_cast<std::size_t>(1 + i % 60)));
            });
        for (std::thread& each : threads)
            each.join();
    });
    EXPECT_EQ(status, 0);
    ASSERT_NO_FATAL_FAILURE(read());
    EXPECT_EQ(found_.events, 40'000U);
    EXPECT_TRUE(usage_.leftovers().empty());
}

TEST_F(TraceFile, TellsTimeToTheMillisecond) {
    const int status = in_child([] {
        void* const block = heap().allocate(20);
        const std::timespec pause{.tv_sec = 0, .tv_nsec = 30'000'000};
        ::nanosleep(&pause, nullptr); // what is measured is this
        heap().deallocate(block);
    });
    EXPECT_EQ(status, 0);
    const auto from = trace::source::open(file());
    ASSERT_TRUE(from);
    drone::usage::analysis details(0);
    ASSERT_TRUE(from->read(details));
    EXPECT_EQ(details.unit(), trace::clock::microseconds);
    EXPECT_GE(details.duration(), 30'000U);
    EXPECT_LT(details.duration(), 10'000'000U);
}

TEST_F(TraceFile, IsThatOfTheProcessThatOpenedIt) {
    const int status = in_child([this] {
        void* const block = heap().allocate(20);
        EXPECT_EQ(in_child([] { static_cast<void>(heap().allocate(64)); }), 0);
        heap().deallocate(block);
    });
    EXPECT_EQ(status, 0);
    ASSERT_NO_FATAL_FAILURE(read());
    EXPECT_EQ(found_.events, 2U);
    EXPECT_TRUE(usage_.leftovers().empty());
}

TEST_F(TraceFile, IsNotSharedByTwoProcesses) {
    const int other = ::open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    ASSERT_GE(other, 0);
    ASSERT_EQ(::write(other, "kept", 4), 4);
    ASSERT_EQ(::flock(other, LOCK_EX), 0);
    EXPECT_EQ(in_child(allocate_much), 0);
    EXPECT_EQ(said(), "drone: no heap trace: " + file() + ": Device or resource busy\n");
    EXPECT_EQ(files::file_size(file()), 4U);
    ::close(other);
}

TEST_F(TraceFile, ThatCannotBeMadeLeavesTheProgramAlone) {
    const std::string missing = (folder_ / "missing" / "trace").string();
    ::setenv("DRONE_HEAPTRACE", missing.c_str(), 1);
    EXPECT_EQ(in_child(allocate_much), 0);
    EXPECT_EQ(said(), "drone: no heap trace: " + missing + ": No such file or directory\n");
}

TEST_F(TraceFile, EndsWhereTheDiskIsFullAndTheProgramGoesOn) {
    const int status = in_child([] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit disk{.rlim_cur = 100'000, .rlim_max = 100'000};
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &disk), 0);
        allocate_much();
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(said(), "drone: no heap trace: the file: File too large\n");
    ASSERT_NO_FATAL_FAILURE(read());
    EXPECT_GT(found_.events, 16'000U);
    EXPECT_LT(found_.events, 16'384U);
}

TEST_F(TraceFile, WithoutANameIsNotMade) {
    ::setenv("DRONE_HEAPTRACE", "", 1);
    EXPECT_EQ(in_child(allocate_much), 0);
    EXPECT_EQ(said(), "");
    EXPECT_FALSE(files::exists(file()));
}

TEST_F(TraceFile, CarriesStandardErrorToo) {
    EXPECT_EQ(
        in_child([] { drone::log_port<drone::host::trace_file, 1>::write("hello\n", 6); }), 0
    );
    EXPECT_EQ(said(), "hello\n");
}

} // namespace
