// SPDX-License-Identifier: MIT
#include "probe/firmware.hpp"
#include "scratch.hpp"

#include <cstring>
#include <elf.h>
#include <vector>

namespace drone::probe {

namespace {

/// An ELF file as a linker for Cortex-M writes it, to be spoilt in one place a test.
struct elf_image {
    Elf32_Ehdr header{};
    std::vector<Elf32_Phdr> segments;

    elf_image() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS32;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_EXEC;
        header.e_machine = EM_ARM;
        header.e_entry = 0x0800'0101;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Elf32_Phdr);
        add_segment(0x0800'0000, 1000);
        add_segment(0x0800'03e8, 24);
    }

    void add_segment(std::uint32_t address, std::uint32_t size) {
        Elf32_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_paddr = address;
        segment.p_filesz = size;
        segments.push_back(segment);
        header.e_phnum = static_cast<Elf32_Half>(segments.size());
    }

    [[nodiscard]] std::string bytes() const {
        std::string text(reinterpret_cast<const char*>(&header), sizeof header);
        for (const Elf32_Phdr& segment : segments)
            text.append(reinterpret_cast<const char*>(&segment), sizeof segment);
        return text;
    }
};

constexpr config::memory board = {
    .flash = {.origin = 0x0800'0000, .size = 1024 * 1024},
    .ram = {.origin = 0x2000'0000, .size = 128 * 1024}
};

class Firmware : public Scratch {
protected:
    /// What is said of this file, without its name.
    [[nodiscard]] std::string refusal(std::string_view contents) const {
        const auto file = write("app.elf", contents);
        const auto checked = check_firmware(file, board);
        return checked ? "accepted" : checked.error().message.substr(file.string().size() + 2);
    }
};

} // namespace

TEST_F(Firmware, ForTheBoardIsAccepted) {
    const auto checked = check_firmware(write("app.elf", elf_image().bytes()), board);
    ASSERT_TRUE(checked.has_value()) << checked.error().message;
    EXPECT_EQ(checked->entry, 0x0800'0101);
    EXPECT_EQ(checked->loaded_size, 1024);
}

TEST_F(Firmware, MissingIsRefused) {
    EXPECT_EQ(
        check_firmware("nowhere.elf").error().message,
        "nowhere.elf: no such file; build the firmware first"
    );
    EXPECT_EQ(
        check_firmware(folder_).error().message, folder_.string() + ": not a file; name an ELF file"
    );
}

TEST_F(Firmware, ThatIsNoElfFileIsRefused) {
    const std::string message =
        "not an ELF file; name the linker's output, not a .bin or .hex made from it";
    EXPECT_EQ(refusal(""), message);
    EXPECT_EQ(
        refusal("\x7f"
                "EL"),
        message
    );
    EXPECT_EQ(refusal(":10000000000002200101000805010008"), message);
}

TEST_F(Firmware, CutOffAnywhereIsRefused) {
    const std::string whole = elf_image().bytes();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_NE(refusal(std::string_view(whole).substr(0, size)), "accepted") << size;
    EXPECT_EQ(refusal(whole.substr(0, whole.size() - 1)), "cut off at offset 84; build it again");
}

TEST_F(Firmware, ForAnotherChipIsRefused) {
    elf_image image;
    image.header.e_machine = EM_RISCV;
    EXPECT_EQ(
        refusal(image.bytes()),
        "built for RISC-V, but the board has an Arm Cortex-M; build it with the project's toolchain"
    );
    image.header.e_machine = EM_ARM;
    image.header.e_ident[EI_DATA] = ELFDATA2MSB;
    EXPECT_EQ(refusal(image.bytes()), "not a 32-bit little-endian ELF file, which Cortex-M needs");
}

TEST_F(Firmware, ThatIsNotLinkedIsRefused) {
    elf_image image;
    image.header.e_type = ET_REL;
    EXPECT_EQ(
        refusal(image.bytes()),
        "not an executable; link it first (an object or a library is not enough)"
    );
}

TEST_F(Firmware, OutsideTheMemoryIsRefused) {
    elf_image image;
    image.add_segment(0x080f'fff0, 17);
    EXPECT_EQ(
        refusal(image.bytes()),
        "has 17 bytes for 0x080ffff0, outside the board's flash and RAM; check [memory] and the "
        "linker script"
    );
}

TEST_F(Firmware, ThatHoldsNothingIsRefused) {
    elf_image image;
    image.segments.clear();
    image.header.e_phnum = 0;
    EXPECT_EQ(refusal(image.bytes()), "has nothing to write; is it the right file?");
}

} // namespace drone::probe
