// SPDX-License-Identifier: MIT
#include "probe/firmware.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <system_error>

namespace drone::probe {

namespace {

/// Reads a header at an offset; false when the file ends before.
template <class Header>
bool read_at(std::ifstream& file, std::uint64_t offset, Header& header) {
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(file.read(reinterpret_cast<char*>(&header), sizeof header));
}

std::string machine_name(unsigned machine) {
    switch (machine) {
    case EM_386:
        return "32-bit x86";
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "64-bit Arm";
    case EM_RISCV:
        return "RISC-V";
    default:
        return fmt::format("machine {}", machine);
    }
}

bool inside(const Elf32_Phdr& segment, const config::region& place) {
    return segment.p_paddr >= place.origin && std::uint64_t{segment.p_paddr} + segment.p_filesz <=
                                                  std::uint64_t{place.origin} + place.size;
}

} // namespace

result<firmware>
check_firmware(const std::filesystem::path& file, const std::optional<config::memory>& memory) {
    const auto refuse = [&file](std::string_view what) {
        return fail(fmt::format("{}: {}", file.string(), what));
    };
    std::error_code problem;
    const auto status = std::filesystem::status(file, problem);
    if (!std::filesystem::exists(status)) return refuse("no such file; build the firmware first");
    if (!std::filesystem::is_regular_file(status)) return refuse("no file; name an ELF file");
    std::ifstream in(file, std::ios::binary);
    if (!in) return refuse(std::generic_category().message(errno));

    unsigned char ident[EI_NIDENT] = {};
    if (!read_at(in, 0, ident) || std::memcmp(ident, ELFMAG, SELFMAG) != 0)
        return refuse("no ELF file; name the linker's output, not a .bin or .hex made from it");
    Elf32_Ehdr header{};
    if (!read_at(in, 0, header)) return refuse("cut off in its ELF header; build it again");
    // e_type and e_machine stand at the same offsets in 32-bit and 64-bit files.
    if (header.e_machine != EM_ARM)
        return refuse(fmt::format(
            "for {}, another chip than the board's Arm Cortex-M; build it with the project's "
            "toolchain",
            machine_name(header.e_machine)
        ));
    if (ident[EI_CLASS] != ELFCLASS32 || ident[EI_DATA] != ELFDATA2LSB)
        return refuse("no 32-bit little-endian ELF file, which Cortex-M needs");
    if (header.e_type != ET_EXEC)
        return refuse("no executable; link it first (an object or a library is not enough)");

    firmware found{.entry = header.e_entry};
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const std::uint64_t offset =
            std::uint64_t{header.e_phoff} + std::uint64_t{i} * header.e_phentsize;
        Elf32_Phdr segment{};
        if (!read_at(in, offset, segment))
            return refuse(fmt::format("cut off at offset {}; build it again", offset));
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        if (memory && !inside(segment, memory->flash) && !inside(segment, memory->ram))
            return refuse(fmt::format(
                "has {} bytes for {:#010x}, outside the board's flash and RAM; check [memory] and "
                "the linker script",
                segment.p_filesz,
                segment.p_paddr
            ));
        found.loaded_size += segment.p_filesz;
    }
    if (found.loaded_size == 0) return refuse("holds nothing to write; is it the right file?");
    return found;
}

} // namespace drone::probe
