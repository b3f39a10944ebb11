// SPDX-License-Identifier: MIT

// What takes the bytes of RTT over gdb may pause; only after the capture's end is it given up.

#include "base/descriptor.hpp"
#include "capture/patient_write.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <numeric>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drone::capture {
namespace {

class PatientWrite : public ::testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{-1, -1};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
        out = base::descriptor(ends[0]);
        in = base::descriptor(ends[1]);
        std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    }
    void signal_end() {
        const std::uint64_t one = 1;
        ASSERT_EQ(::write(end.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    }

    base::descriptor in;
    base::descriptor out;
    base::descriptor end{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::vector<std::uint8_t> bytes =
        std::vector<std::uint8_t>(1'000'000); // more than a pipe holds
    static constexpr std::chrono::milliseconds patience{1};
};

TEST_F(PatientWrite, WaitsForAReaderThatPausesForLongerThanItsPatience) {
    std::vector<std::uint8_t> read;
    std::thread reader([&] {
        ::poll(nullptr, 0, 50); // the pause is what is tested
        std::array<std::uint8_t, 4096> part{};
        while (read.size() < bytes.size()) {
            pollfd ready{.fd = out.get(), .events = POLLIN, .revents = 0};
            ::poll(&ready, 1, -1);
            const ssize_t size = ::read(out.get(), part.data(), part.size());
            if (size == 0) break;
            if (size > 0) read.insert(read.end(), part.begin(), part.begin() + size);
        }
    });
    EXPECT_TRUE(patient_write(in.get(), end.get(), bytes, patience));
    in.close();
    reader.join();
    EXPECT_EQ(read, bytes);
}

TEST_F(PatientWrite, GivesAReaderUpAfterTheEnd) {
    signal_end();
    EXPECT_FALSE(patient_write(in.get(), end.get(), bytes, patience));
}

TEST_F(PatientWrite, HearsOfTheEndWhileItWaits) {
    std::thread ends([&] { signal_end(); });
    EXPECT_FALSE(patient_write(in.get(), end.get(), bytes, patience));
    ends.join();
}

TEST_F(PatientWrite, SeesThatTheReaderIsGone) {
    ::signal(SIGPIPE, SIG_IGN);
    out.close();
    EXPECT_FALSE(patient_write(in.get(), end.get(), bytes, patience));
}

} // namespace
} // namespace drone::capture
