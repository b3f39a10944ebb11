// SPDX-License-Identifier: MIT

#include "board/flash_file.hpp"
#include "board/memory_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace drone::board::test {
namespace {

using ::testing::HasSubstr;

class FlashFile : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) /
        (std::string("flash_file_") +
         ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::path file = folder / "flash.bin";
};

firmware at(std::uint32_t address) { return {{{address, {1, 2, 3, 4}}}, {}}; }

TEST_F(FlashFile, KeepsWhatWasWritten) {
    const auto image = flash_image(at(flash_origin + 8));
    ASSERT_TRUE(image);
    ASSERT_TRUE(write_flash(file, *image));
    const auto read = read_flash(file);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, *image);
    EXPECT_EQ((*read)[7], 0xFF);
    EXPECT_EQ((*read)[8], 1);
}

TEST_F(FlashFile, LeavesNothingBesideIt) {
    ASSERT_TRUE(write_flash(file, *flash_image(at(flash_origin))));
    const std::filesystem::directory_iterator entries(folder);
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(FlashFile, RefusesASegmentOutsideTheFlash) {
    EXPECT_THAT(flash_image(at(0x0020'0000)).error().message, HasSubstr("0x00200000, outside"));
    EXPECT_THAT(
        flash_image(at(flash_origin + flash_size - 3)).error().message, HasSubstr("outside")
    );
    EXPECT_TRUE(flash_image(at(flash_origin + flash_size - 4)));
}

TEST_F(FlashFile, SaysThatNothingWasFlashed) {
    EXPECT_THAT(read_flash(file).error().message, HasSubstr("flash a firmware first"));
}

TEST_F(FlashFile, RefusesAFileOfAnotherSize) {
    std::ofstream(file) << "short";
    EXPECT_THAT(read_flash(file).error().message, HasSubstr("5 bytes, and the flash has"));
}

TEST_F(FlashFile, KeepsTheOldContentWhenTheNewCannotBeWritten) {
    const auto failed =
        write_flash(folder / "missing" / "flash.bin", *flash_image(at(flash_origin)));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("No such file or directory"));
}

} // namespace
} // namespace drone::board::test
