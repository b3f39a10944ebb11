// SPDX-License-Identifier: MIT

#include "base/file_bytes.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace drone::base {
namespace {

using testing::HasSubstr;

/// Bytes of files that are mapped into this process's memory and resident.
std::size_t resident_file_bytes() {
    std::size_t size = 0;
    std::size_t resident = 0;
    std::size_t of_files = 0;
    std::ifstream("/proc/self/statm") >> size >> resident >> of_files;
    return of_files * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::ptrdiff_t count(const file_bytes& file, char letter) {
    return std::ranges::count(file.bytes(), static_cast<std::byte>(letter));
}

/// A gzip file that unpacks to `blocks` times a mebibyte of zeros.
void write_packed_zeros(const std::filesystem::path& path, std::size_t blocks) {
    const std::string zeros(std::size_t{1} << 20U, '\0');
    const gzFile file = ::gzopen(path.c_str(), "wb9");
    for (std::size_t i = 0; i < blocks; ++i)
        ::gzwrite(file, zeros.data(), static_cast<unsigned>(zeros.size()));
    ::gzclose(file);
}

TEST(FileBytes, GivesBackTheMemoryOfWhatWasReadAndReadsItAgain) {
    constexpr std::size_t size = std::size_t{8} << 20U;
    const scratch here;
    const auto file = file_bytes::open(here.file("a", std::string(size, 'x')));
    ASSERT_TRUE(file);
    ASSERT_EQ(count(*file, 'x'), std::ptrdiff_t{size});
    const std::size_t before = resident_file_bytes();
    file->release(size);
    EXPECT_LT(resident_file_bytes() + size / 2, before);
    EXPECT_EQ(count(*file, 'x'), std::ptrdiff_t{size});
    EXPECT_FALSE(file->was_cut());
}

TEST(FileBytes, AFileThatIsCutWhileItIsReadIsNoCrash) {
    constexpr std::size_t size = 1'000'000;
    const scratch here;
    const auto path = here.file("a", std::string(size, 'x'));
    const auto file = file_bytes::open(path);
    ASSERT_TRUE(file);
    ASSERT_FALSE(file->was_cut());
    std::filesystem::resize_file(path, 10'000);
    EXPECT_EQ(count(*file, 'x'), 10'000);
    EXPECT_TRUE(file->was_cut());
    // Also when the next capture has filled it again.
    std::filesystem::resize_file(path, 2 * size);
    EXPECT_TRUE(file->was_cut());
}

TEST(FileBytes, ACutWithinTheLastPageIsNoticed) {
    const scratch here;
    const auto path = here.file("a", std::string(100, 'x'));
    const auto file = file_bytes::open(path);
    ASSERT_TRUE(file);
    std::filesystem::resize_file(path, 50);
    EXPECT_TRUE(file->was_cut());
}

TEST(FileBytes, AFileThatGrowsWasNotCut) {
    const scratch here;
    const auto path = here.file("a", std::string(100, 'x'));
    const auto file = file_bytes::open(path);
    ASSERT_TRUE(file);
    std::filesystem::resize_file(path, 5000);
    EXPECT_FALSE(file->was_cut());
    EXPECT_EQ(file->bytes().size(), 100U);
}

TEST(FileBytes, ADeviceWithoutAnEndIsRefused) {
    const auto file = file_bytes::open("/dev/zero");
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message, HasSubstr("/dev/zero: is not a file and gives more than"));
}

TEST(FileBytes, PackedBytesAreUnpackedUpToAThousandfold) {
    const scratch here;
    write_packed_zeros(here.path("some"), 8);
    const auto file = file_bytes::open(here.path("some"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->bytes().size(), std::size_t{8} << 20U);
    EXPECT_FALSE(file->is_incomplete());

    std::filesystem::resize_file(here.path("some"), 4000);
    const auto cut = file_bytes::open(here.path("some"));
    ASSERT_TRUE(cut);
    EXPECT_TRUE(cut->is_incomplete());
}

TEST(FileBytes, ABombIsRefused) {
    const scratch here;
    const std::string zeros(std::size_t{64} << 20U, '\0');
    std::string packed(ZSTD_compressBound(zeros.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 3));
    const auto file = file_bytes::open(here.file("bomb", packed));
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message, HasSubstr("bytes of zstd data unpack to more than"));
}

} // namespace
} // namespace drone::base
