// SPDX-License-Identifier: MIT
#include "base/elf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <gelf.h>

namespace drone::base {

namespace {

/// The second of two loads for one address: their order would decide what is there.
std::optional<elf_load> find_overlap(std::vector<elf_load> loads) {
    std::ranges::sort(loads, {}, &elf_load::address);
    const auto first = std::ranges::adjacent_find(loads, [](const elf_load& a, const elf_load& b) {
        return b.address - a.address < a.size;
    });
    return first == loads.end() ? std::nullopt : std::optional(first[1]);
}

} // namespace

void elf_file::closer::operator()(Elf* elf) const noexcept { elf_end(elf); }

result<elf_file> elf_file::open(const std::filesystem::path& path) {
    auto bytes = file_bytes::open(path);
    if (!bytes) return std::unexpected(bytes.error());
    elf_file file(std::move(*bytes));
    const auto content = file.file_.bytes();
    if (content.size() < SELFMAG || std::memcmp(content.data(), ELFMAG, SELFMAG) != 0)
        return fail(fmt::format(
            "{}: is not an ELF file; name the firmware that the linker wrote", path.string()
        ));
    static_cast<void>(elf_version(EV_CURRENT));
    // libelf's interface is not const-correct; it does not write here.
    auto* const image = reinterpret_cast<char*>(const_cast<std::byte*>(content.data()));
    file.elf_.reset(elf_memory(image, content.size()));
    GElf_Ehdr header;
    if (file.elf_ == nullptr || elf_kind(file.elf_.get()) != ELF_K_ELF ||
        gelf_getehdr(file.elf_.get(), &header) == nullptr)
        return fail(fmt::format("{}: ends inside its ELF header", path.string()));
    file.entry_ = header.e_entry;
    file.machine_ = header.e_machine;
    file.type_is_executable_ = header.e_type == ET_EXEC;
    file.little_endian_ = header.e_ident[EI_DATA] == ELFDATA2LSB;
    file.is_32_bit_ = header.e_ident[EI_CLASS] == ELFCLASS32;
    return file;
}

result<std::vector<elf_load>> elf_file::loads() const {
    GElf_Ehdr header;
    gelf_getehdr(elf_.get(), &header);
    const std::uint64_t entry_size = is_32_bit_ ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
    const std::uint64_t room = header.e_phoff < size() ? size() - header.e_phoff : 0;
    if (room / entry_size < header.e_phnum)
        return fail(
            fmt::format("cut off at offset {}", header.e_phoff + room / entry_size * entry_size)
        );
    std::vector<elf_load> found;
    for (int i = 0; i < header.e_phnum; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf_.get(), i, &segment) == nullptr)
            return fail(fmt::format("program header {} cannot be read", i));
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        found.push_back(
            {.address = segment.p_paddr, .size = segment.p_filesz, .offset = segment.p_offset}
        );
    }
    if (const auto twice = find_overlap(found))
        return fail(fmt::format("has two segments for {:#010x}", twice->address));
    return found;
}

std::optional<std::span<const std::byte>> elf_file::bytes_of(const elf_load& load) const {
    const auto all = file_.bytes();
    if (load.offset > all.size() || all.size() - load.offset < load.size) return std::nullopt;
    return all.subspan(load.offset, load.size);
}

std::optional<std::span<const std::byte>>
elf_file::bytes_at(std::uint64_t address, std::uint64_t size) const {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
        const bool is_loaded = (header.sh_flags & SHF_ALLOC) != 0;
        if (!is_loaded || address < header.sh_addr || header.sh_size < size) continue;
        if (address - header.sh_addr > header.sh_size - size) continue;
        return bytes_of({address, size, header.sh_offset + (address - header.sh_addr)});
    }
    return std::nullopt;
}

result<std::vector<elf_code>> elf_file::code() const {
    const auto all = file_.bytes();
    const auto cut = [&](std::uint64_t end) -> std::unexpected<error> {
        return fail(fmt::format(
            "is cut: it has {} bytes of at least {}; build or copy it again", all.size(), end
        ));
    };
    GElf_Ehdr about;
    gelf_getehdr(elf_.get(), &about);
    const std::uint64_t table = std::uint64_t{about.e_shnum} * about.e_shentsize;
    if (about.e_shoff > all.size() || table > all.size() - about.e_shoff)
        return cut(about.e_shoff + table);
    std::vector<elf_code> found;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
        if (header.sh_offset > all.size() || header.sh_size > all.size() - header.sh_offset)
            return cut(header.sh_offset + header.sh_size);
        if ((header.sh_flags & SHF_EXECINSTR) != 0)
            found.push_back({header.sh_addr, all.subspan(header.sh_offset, header.sh_size)});
    }
    return found;
}

std::vector<elf_symbol> elf_file::symbols() const {
    std::vector<elf_symbol> found;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB) continue;
        Elf_Data* const data = elf_getdata(section, nullptr);
        if (data == nullptr || header.sh_entsize == 0) continue;
        const std::size_t count = data->d_size / header.sh_entsize;
        for (std::size_t i = 0; i < count; ++i) {
            GElf_Sym entry;
            if (gelf_getsym(data, static_cast<int>(i), &entry) == nullptr) break;
            const unsigned type = GELF_ST_TYPE(entry.st_info);
            const bool named = type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE;
            if (!named || entry.st_shndx == SHN_UNDEF) continue;
            const char* const name = elf_strptr(elf_.get(), header.sh_link, entry.st_name);
            if (name == nullptr || *name == '\0' || *name == '$') continue; // mapping symbols
            found.push_back(
                {.name = name,
                 .address = entry.st_value,
                 .size = entry.st_size,
                 .is_function = type == STT_FUNC}
            );
        }
    }
    return found;
}

std::span<const std::byte> elf_file::build_id() const {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_NOTE) continue;
        Elf_Data* const data = elf_getdata(section, nullptr);
        if (data == nullptr) continue;
        const auto* const content = static_cast<const std::byte*>(data->d_buf);
        GElf_Nhdr note;
        std::size_t name = 0;
        std::size_t description = 0;
        for (std::size_t at = 0; (at = gelf_getnote(data, at, &note, &name, &description)) != 0;)
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU" &&
                std::memcmp(content + name, "GNU", sizeof "GNU") == 0)
                return {content + description, note.n_descsz};
    }
    return {};
}

std::string elf_machine_name(unsigned machine) {
    switch (machine) {
    case EM_386:
        return "32-bit x86";
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "64-bit Arm";
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

} // namespace drone::base
