// SPDX-License-Identifier: MIT

#include "base/elf.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

namespace drone::base {
namespace {

using testing::HasSubstr;

/// An Arm program of these segments, all of which begin at the same byte of the file.
std::string program(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& segments) {
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_version = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_ARM;
    header.e_entry = 0x0800'0101;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = static_cast<Elf32_Half>(segments.size());
    std::string file(reinterpret_cast<const char*>(&header), sizeof header);
    for (const auto& [address, size] : segments) {
        Elf32_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_offset = sizeof header;
        segment.p_paddr = address;
        segment.p_filesz = size;
        file.append(reinterpret_cast<const char*>(&segment), sizeof segment);
    }
    return file;
}

TEST(ElfFile, GivesWhatTheHeadersSay) {
    const scratch here;
    const auto elf =
        elf_file::open(here.file("a", program({{0x0800'0000, 8}, {0x0800'0100, 1000}})));
    ASSERT_TRUE(elf) << elf.error().message;
    EXPECT_EQ(elf->machine(), unsigned{EM_ARM});
    EXPECT_TRUE(elf->is_executable());
    EXPECT_TRUE(elf->is_little_endian());
    EXPECT_TRUE(elf->is_32_bit());
    EXPECT_EQ(elf->entry(), 0x0800'0101U);
    const auto loads = elf->loads();
    ASSERT_TRUE(loads);
    ASSERT_EQ(loads->size(), 2U);
    EXPECT_EQ(elf->bytes_of(loads->front())->size(), 8U);
    EXPECT_FALSE(elf->bytes_of(loads->back())); // beyond the end
    EXPECT_TRUE(elf->symbols().empty());
    EXPECT_TRUE(elf->build_id().empty());
}

TEST(ElfFile, ReadsItsOwnProgram) {
    const auto elf = elf_file::open("/proc/self/exe");
    ASSERT_TRUE(elf);
    EXPECT_EQ(elf_machine_name(EM_RISCV), "RISC-V");
    EXPECT_TRUE(std::ranges::any_of(elf->symbols(), [](const elf_symbol& one) {
        return one.name == "main" && one.is_function;
    }));
    EXPECT_TRUE(elf->loads());
    EXPECT_EQ(elf->build_id().size(), 20U);
}

TEST(ElfFile, TwoSegmentsForOneAddressAreRefused) {
    const scratch here;
    const auto elf = elf_file::open(here.file("a", program({{0x100, 8}, {0x107, 1}})));
    ASSERT_TRUE(elf);
    EXPECT_EQ(elf->loads().error().message, "has two segments for 0x00000107");
}

TEST(ElfFile, SixtyThousandSegmentsOverOneMegabyteTakeNoMemory) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> many;
    for (std::uint32_t i = 0; i < 60'000; ++i)
        many.emplace_back(i * 0x1'0000, 1U << 20U);
    std::string file = program(many);
    file.resize(std::max<std::size_t>(file.size(), std::size_t{2} << 20U));
    const scratch here;
    const auto elf = elf_file::open(here.file("a", file));
    ASSERT_TRUE(elf);
    EXPECT_THAT(elf->loads().error().message, HasSubstr("has two segments for"));
}

TEST(ElfFile, CutAnywhereIsAnErrorOrWhatIsLeft) {
    const scratch here;
    const std::string whole = program({{0x100, 8}, {0x200, 8}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto elf = elf_file::open(here.file("a", whole.substr(0, size)));
        EXPECT_FALSE(elf && elf->loads()) << size;
    }
    EXPECT_EQ(elf_file::open(here.path("nowhere")).error().kind, error_kind::missing);
}

} // namespace
} // namespace drone::base
