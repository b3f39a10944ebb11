// SPDX-License-Identifier: MIT

#include "board/elf.hpp"
#include "machine.hpp"

#include <gmock/gmock.h>

#include <elf.h>
#include <fstream>
#include <functional>

namespace drone::board::test {
namespace {

using ::testing::HasSubstr;

/// A copy of a good firmware, changed or cut.
class Elf : public ::testing::Test {
protected:
    std::string changed(const std::function<void(std::string&)>& change) {
        std::ifstream good(firmware_path("hello"), std::ios::binary);
        std::string bytes(std::istreambuf_iterator<char>(good), {});
        change(bytes);
        std::ofstream(path_, std::ios::binary) << bytes;
        const auto read = read_firmware(path_);
        return read ? std::string("no error") : read.error().message;
    }
    void TearDown() override { std::filesystem::remove(path_); }

private:
    std::filesystem::path path_ =
        std::filesystem::path(::testing::TempDir()) /
        (::testing::UnitTest::GetInstance()->current_test_info()->name() + std::string(".elf"));
};

TEST_F(Elf, TakesALinkedFirmware) {
    const auto read = read_firmware(firmware_path("hello"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->segments.front().address, 0x0800'0000U);
    EXPECT_TRUE(read->find("main"));
    EXPECT_TRUE(read->find("reset_handler")->is_function);
}

TEST_F(Elf, FindsNamesWithAndWithoutParameters) {
    const auto read = read_firmware(firmware_path("registers"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->find("interrupt_handler")->address % 2, 0U);
    const auto none = read->find("no_such_thing");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("no symbol no_such_thing"));
}

TEST_F(Elf, RefusesWhatIsNoElf) {
    EXPECT_THAT(changed([](std::string& bytes) { bytes = "hello"; }), HasSubstr("not an ELF file"));
    EXPECT_THAT(changed([](std::string& bytes) { bytes.clear(); }), HasSubstr("not an ELF file"));
}

TEST_F(Elf, RefusesAnotherMachineByName) {
    EXPECT_THAT(
        changed([](std::string& bytes) { bytes[offsetof(Elf32_Ehdr, e_machine)] = EM_X86_64; }),
        HasSubstr("built for x86-64")
    );
    EXPECT_THAT(
        changed([](std::string& bytes) {
            bytes[offsetof(Elf32_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
        }),
        HasSubstr("built for RISC-V")
    );
}

TEST_F(Elf, RefusesOtherClassesAndObjects) {
    EXPECT_THAT(
        changed([](std::string& bytes) { bytes[EI_CLASS] = ELFCLASS64; }), HasSubstr("not a 32-bit")
    );
    EXPECT_THAT(
        changed([](std::string& bytes) { bytes[EI_DATA] = ELFDATA2MSB; }),
        HasSubstr("little-endian")
    );
    EXPECT_THAT(
        changed([](std::string& bytes) { bytes[offsetof(Elf32_Ehdr, e_type)] = ET_REL; }),
        HasSubstr("not linked")
    );
}

TEST_F(Elf, NeverReadsBeyondTheEndWhereverTheFileIsCut) {
    std::size_t size = 0;
    static_cast<void>(changed([&](std::string& bytes) { size = bytes.size(); }));
    for (std::size_t length = 0; length < size; length += 97)
        static_cast<void>(changed([&](std::string& bytes) { bytes.resize(length); }));
    EXPECT_THAT(changed([](std::string& bytes) { bytes.resize(200); }), HasSubstr("cut"));
}

TEST_F(Elf, SaysWhyAFileCannotBeRead) {
    const auto none = read_firmware("/no/such/file.elf");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("/no/such/file.elf: No such file"));
    EXPECT_THAT(read_firmware("/tmp").error().message, HasSubstr("is a folder"));
}

} // namespace
} // namespace drone::board::test
