// SPDX-License-Identifier: MIT

#include "trace/file.hpp"
#include "trace_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <unistd.h>

namespace drone::trace {
namespace {

/// Bytes of files that are mapped into this process's memory and resident.
std::size_t resident_file_bytes() {
    std::size_t size = 0;
    std::size_t resident = 0;
    std::size_t of_files = 0;
    std::ifstream("/proc/self/statm") >> size >> resident >> of_files;
    return of_files * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(TraceFile, GivesBackTheMemoryOfWhatWasReadAndReadsItAgain) {
    constexpr std::size_t size = std::size_t{8} << 20U;
    const temporary_file written(std::string(size, 'x'));
    const auto file = file_bytes::open(written.path());
    ASSERT_TRUE(file);
    const auto whole = [&] {
        return std::ranges::count(file->bytes(), std::byte{'x'}) == std::ptrdiff_t{size};
    };
    ASSERT_TRUE(whole());
    const std::size_t before = resident_file_bytes();
    file->release(size);
    EXPECT_LT(resident_file_bytes() + size / 2, before);
    EXPECT_TRUE(whole());
}

} // namespace
} // namespace drone::trace
