// SPDX-License-Identifier: MIT

#include "board/elf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

namespace drone::board {
namespace {

using bytes = std::span<const std::uint8_t>;

/// The structure at an offset of the file, when it lies inside.
template <class T>
std::optional<T> at(bytes file, std::uint64_t offset) {
    if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

std::optional<bytes> range(bytes file, std::uint64_t offset, std::uint64_t size) {
    if (offset > file.size() || file.size() - offset < size) return std::nullopt;
    return file.subspan(offset, size);
}

std::string machine_name(unsigned machine) {
    switch (machine) {
    case EM_386:
        return "x86";
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "AArch64";
    case EM_RISCV:
        return "RISC-V";
    case EM_AVR:
        return "AVR";
    case EM_MIPS:
        return "MIPS";
    case EM_XTENSA:
        return "Xtensa";
    default:
        return fmt::format("machine {}", machine);
    }
}

result<Elf32_Ehdr> read_header(const std::string& name, bytes file) {
    if (file.size() < EI_NIDENT || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
        return fail(
            fmt::format("{}: not an ELF file; give the firmware as the linker wrote it", name)
        );
    }
    // e_machine stands at the same place in both classes.
    const auto machine = at<Elf32_Half>(file, offsetof(Elf32_Ehdr, e_machine));
    if (file[EI_DATA] == ELFDATA2LSB && machine && *machine != EM_ARM) {
        return fail(fmt::format(
            "{}: built for {}, but the board is an ARM Cortex-M", name, machine_name(*machine)
        ));
    }
    if (file[EI_CLASS] != ELFCLASS32 || file[EI_DATA] != ELFDATA2LSB) {
        return fail(fmt::format("{}: not a 32-bit little-endian ELF file", name));
    }
    const auto header = at<Elf32_Ehdr>(file, 0);
    if (!header)
        return fail(fmt::format("{}: the ELF header is cut at {} bytes", name, file.size()));
    if (header->e_type != ET_EXEC) {
        return fail(fmt::format("{}: not linked to addresses; give the linked program", name));
    }
    return *header;
}

result<std::vector<segment>>
read_segments(const std::string& name, bytes file, const Elf32_Ehdr& header) {
    std::vector<segment> segments;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto program =
            at<Elf32_Phdr>(file, header.e_phoff + std::uint64_t{i} * header.e_phentsize);
        if (!program)
            return fail(fmt::format("{}: program header {} lies outside the file", name, i));
        if (program->p_type != PT_LOAD || program->p_filesz == 0) continue;
        const auto content = range(file, program->p_offset, program->p_filesz);
        if (!content) {
            return fail(fmt::format(
                "{}: the file is cut: segment {} ends at byte {} of {}",
                name,
                i,
                std::uint64_t{program->p_offset} + program->p_filesz,
                file.size()
            ));
        }
        segments.push_back({program->p_paddr, {content->begin(), content->end()}});
    }
    if (segments.empty()) return fail(fmt::format("{}: holds nothing to load", name));
    return segments;
}

/// Symbols are a convenience: a table that makes no sense is as good as none.
std::vector<symbol> read_symbols(bytes file, const Elf32_Ehdr& header) {
    std::vector<symbol> symbols;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        const auto table =
            at<Elf32_Shdr>(file, header.e_shoff + std::uint64_t{i} * header.e_shentsize);
        if (!table || table->sh_type != SHT_SYMTAB) continue;
        const auto names = at<Elf32_Shdr>(
            file, header.e_shoff + std::uint64_t{table->sh_link} * header.e_shentsize
        );
        if (!names) continue;
        const auto text = range(file, names->sh_offset, names->sh_size);
        if (!text || text->empty() || text->back() != 0) continue;
        for (std::uint64_t offset = 0; offset + sizeof(Elf32_Sym) <= table->sh_size;
             offset += sizeof(Elf32_Sym)) {
            const auto entry = at<Elf32_Sym>(file, table->sh_offset + offset);
            if (!entry) break;
            const unsigned type = ELF32_ST_TYPE(entry->st_info);
            const bool named = type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE;
            if (!named || entry->st_shndx == SHN_UNDEF || entry->st_name >= text->size()) continue;
            const auto* symbol_name = reinterpret_cast<const char*>(text->data() + entry->st_name);
            if (*symbol_name == '\0' || *symbol_name == '$') continue; // mapping symbols
            const bool is_function = type == STT_FUNC;
            symbols.push_back(
                {symbol_name,
                 is_function ? entry->st_value & ~1U : entry->st_value,
                 entry->st_size,
                 is_function}
            );
        }
    }
    return symbols;
}

std::string demangled(const std::string& name) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free
    );
    return status == 0 && text ? std::string(text.get()) : name;
}

bool answers_to(const symbol& candidate, std::string_view name) {
    if (candidate.name == name) return true;
    if (!candidate.name.starts_with("_Z")) return false;
    const std::string full = demangled(candidate.name);
    return full == name || std::string_view(full).substr(0, full.find('(')) == name;
}

} // namespace

result<symbol> firmware::find(std::string_view name) const {
    const symbol* found = nullptr;
    for (const symbol& candidate : symbols) {
        if (!answers_to(candidate, name)) continue;
        if (found != nullptr && found->address != candidate.address) {
            return fail(fmt::format(
                "symbol {} is ambiguous: {} and {}; give the full or the mangled name",
                name,
                demangled(found->name),
                demangled(candidate.name)
            ));
        }
        if (found == nullptr || candidate.is_function) found = &candidate;
    }
    if (found == nullptr) return fail(fmt::format("no symbol {} in the firmware", name));
    return *found;
}

result<firmware> read_firmware(const std::filesystem::path& path) {
    std::error_code status;
    if (std::filesystem::is_directory(path, status)) {
        return fail(fmt::format("{}: is a folder", path.string()));
    }
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return fail(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    const std::vector<std::uint8_t> file(std::istreambuf_iterator<char>(stream), {});
    const auto header = read_header(path.string(), file);
    if (!header) return std::unexpected(header.error());
    auto segments = read_segments(path.string(), file, *header);
    if (!segments) return std::unexpected(segments.error());
    return firmware{std::move(*segments), read_symbols(file, *header)};
}

} // namespace drone::board
