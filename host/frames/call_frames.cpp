// SPDX-License-Identifier: MIT

#include "frames/call_frames.hpp"

#include "base/bytes.hpp"
#include "base/descriptor.hpp"
#include "base/elf.hpp"

#include <elfutils/libdw.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <dwarf.h>
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace drone::frames {

namespace {

/// Registers, as DWARF numbers them.
struct core {
    machine code_for = machine::other;
    int stack_pointer = 0;
    int return_address = 0;
};

std::optional<core> core_of(unsigned elf_machine) {
    if (elf_machine == EM_ARM) return core{machine::arm, 13, 14};
    if (elf_machine == EM_RISCV) return core{machine::riscv, 2, 1};
    return std::nullopt;
}

/// Data among code.
struct literals {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

/// libdw's view of the file.
class debug_frames {
public:
    static result<debug_frames> open(const std::filesystem::path& path) {
        debug_frames opened;
        opened.file_ = base::descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (opened.file_) opened.dwarf_ = dwarf_begin(opened.file_.get(), DWARF_C_READ);
        if (opened.dwarf_ != nullptr) opened.cfi_ = dwarf_getcfi(opened.dwarf_);
        if (opened.cfi_ == nullptr)
            return fail(
                fmt::format("{}: has no .debug_frame; compile and link with -g", path.string())
            );
        return opened;
    }
    debug_frames(debug_frames&& from) noexcept
        : file_(std::move(from.file_)), dwarf_(std::exchange(from.dwarf_, nullptr)),
          cfi_(std::exchange(from.cfi_, nullptr)) {}
    debug_frames& operator=(debug_frames&&) = delete;
    debug_frames(const debug_frames&) = delete;
    debug_frames& operator=(const debug_frames&) = delete;
    ~debug_frames() {
        if (dwarf_ != nullptr) dwarf_end(dwarf_);
    }

    /// The frame in which the call right before that address is made.
    [[nodiscard]] call_frame at(std::uint32_t return_address, const core& of) const;
    /// Where literals among the code begin and end, as the assembler has marked them; ascending.
    [[nodiscard]] std::vector<literals> literal_ranges() const;
    /// The functions that frames are described of, ascending, without their calls.
    [[nodiscard]] std::vector<code_range> functions() const;

private:
    debug_frames() = default;

    base::descriptor file_;
    Dwarf* dwarf_ = nullptr;
    Dwarf_CFI* cfi_ = nullptr;
};

/// Where the caller's stack pointer is, in bytes from a register's value.
struct from_register {
    int number = -1;
    std::int64_t bytes = 0;
};

from_register canonical_frame(Dwarf_Frame* frame) {
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count != 1) return {};
    if (ops[0].atom == DW_OP_bregx)
        return {static_cast<int>(ops[0].number), static_cast<std::int64_t>(ops[0].number2)};
    if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
        return {ops[0].atom - DW_OP_breg0, static_cast<std::int64_t>(ops[0].number)};
    return {};
}

/// Where a register's value in the caller is, in bytes from the caller's stack pointer.
std::optional<std::int32_t> saved_at(Dwarf_Frame* frame, int number) {
    Dwarf_Op room[3];
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_register(frame, number, room, &ops, &count) != 0) return std::nullopt;
    if (count == 0 || ops[0].atom != DW_OP_call_frame_cfa) return std::nullopt;
    if (count == 1) return 0;
    if (count != 2 || ops[1].atom != DW_OP_plus_uconst) return std::nullopt;
    return static_cast<std::int32_t>(ops[1].number); // of 32 bits, also below 0
}

call_frame debug_frames::at(std::uint32_t return_address, const core& of) const {
    Dwarf_Frame* found = nullptr;
    if (dwarf_cfi_addrframe(cfi_, return_address - 1, &found) != 0) return {};
    const std::unique_ptr<Dwarf_Frame, decltype(&std::free)> frame(found, &std::free);
    const from_register caller = canonical_frame(frame.get());
    const auto saved = saved_at(frame.get(), of.return_address);
    if (caller.number != of.stack_pointer || !saved) return {};
    const std::int64_t slot = caller.bytes + *saved;
    if (caller.bytes <= 0 || slot < 0 || slot >= caller.bytes) return {};
    return {static_cast<std::uint32_t>(caller.bytes), static_cast<std::uint32_t>(slot)};
}

std::vector<code_range> debug_frames::functions() const {
    std::vector<code_range> found;
    Elf* const elf = dwarf_getelf(dwarf_);
    std::size_t names = 0;
    elf_getshdrstrndx(elf, &names);
    const auto* const ident = reinterpret_cast<const unsigned char*>(elf_getident(elf, nullptr));
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        const Elf32_Shdr* const header = elf32_getshdr(section);
        if (header == nullptr) continue;
        const char* const name = elf_strptr(elf, names, header->sh_name);
        if (name == nullptr || std::string_view(name) != ".debug_frame") continue;
        Elf_Data* const data = elf_getdata(section, nullptr);
        Dwarf_CFI_Entry entry;
        Dwarf_Off next = 0;
        for (Dwarf_Off at = 0;
             data != nullptr && dwarf_next_cfi(ident, data, false, at, &next, &entry) == 0;
             at = next) {
            constexpr std::ptrdiff_t addresses = 8; // first, and how many bytes
            if (dwarf_cfi_cie_p(&entry) || entry.fde.end - entry.fde.start < addresses) continue;
            const auto* const start = reinterpret_cast<const std::byte*>(entry.fde.start);
            // Assembler sources give it with the Thumb bit.
            const std::uint32_t begin = base::load_le<std::uint32_t>(start) & ~1U;
            const auto size = base::load_le<std::uint32_t>(start + 4);
            if (size != 0) found.push_back({begin, begin + size, {}});
        }
    }
    std::ranges::sort(found, {}, &code_range::begin);
    return found;
}

std::vector<literals> debug_frames::literal_ranges() const {
    struct mark {
        std::uint32_t address;
        bool is_data;
    };
    std::vector<mark> marks;
    Elf* const elf = dwarf_getelf(dwarf_);
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        const Elf32_Shdr* const header = elf32_getshdr(section);
        if (header == nullptr || header->sh_type != SHT_SYMTAB) continue;
        Elf_Data* const data = elf_getdata(section, nullptr);
        if (data == nullptr) continue;
        GElf_Sym symbol;
        for (int i = 0; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
            // Mapping symbols: ELF for the Arm Architecture, 5.5.5.
            const char* const name = elf_strptr(elf, header->sh_link, symbol.st_name);
            if (name == nullptr || name[0] != '$' || (name[2] != '\0' && name[2] != '.')) continue;
            marks.push_back({static_cast<std::uint32_t>(symbol.st_value), name[1] == 'd'});
        }
    }
    std::ranges::stable_sort(marks, {}, &mark::address);
    std::vector<literals> found;
    for (std::size_t i = 0; i < marks.size(); ++i)
        if (marks[i].is_data)
            found.push_back(
                {marks[i].address, i + 1 < marks.size() ? marks[i + 1].address : UINT32_MAX}
            );
    return found;
}

/// MRET and SRET: the function is an interrupt's. Its return address is not of a call, and what it
/// preempted may be anywhere in its frame, so no walk goes on there. (On Arm, a value that is no
/// address says so.)
bool ends_interrupt(machine of, std::span<const std::byte> instruction) {
    if (of != machine::riscv || instruction.size() != 4) return false;
    const auto word = base::load_le<std::uint32_t>(instruction.data());
    return word == 0x3020'0073U || word == 0x1020'0073U;
}

/// Adds the calls in a stretch of code, which begins with an instruction.
void find_calls(
    code_range& range,
    const base::elf_code& section,
    const core& of,
    const debug_frames& frames,
    const std::vector<literals>& data
) {
    const auto base = static_cast<std::uint32_t>(section.address);
    const auto bytes = section.bytes.first(range.end - base);
    bool is_interrupt = false;
    auto next_data = std::ranges::upper_bound(data, range.begin, {}, &literals::end);
    for (std::size_t at = range.begin - base; at + 2 <= bytes.size();) {
        if (next_data != data.end() && base + at >= next_data->begin) {
            at = next_data++->end - base;
            continue;
        }
        const std::size_t size =
            instruction_length(of.code_for, base::load_le<std::uint16_t>(&bytes[at]));
        if (at + size > bytes.size()) break;
        const auto instruction = bytes.subspan(at, size);
        at += size;
        if (ends_interrupt(of.code_for, instruction)) is_interrupt = true;
        if (!is_call(of.code_for, instruction)) continue;
        const std::uint32_t returns_to = base + static_cast<std::uint32_t>(at);
        range.calls.push_back({returns_to, frames.at(returns_to, of)});
    }
    if (!is_interrupt) return;
    for (call_site& call : range.calls)
        call.frame = {};
}

} // namespace

result<std::vector<code_range>> read_call_frames(const std::filesystem::path& path) {
    const auto elf = base::elf_file::open(path);
    if (!elf) return std::unexpected(elf.error());
    const auto of = core_of(elf->machine());
    if (!of || !elf->is_32_bit() || !elf->is_little_endian() || !elf->is_executable())
        return fail(fmt::format(
            "{}: is not a linked program for a 32-bit Arm or RISC-V core; name the firmware that the "
            "linker wrote",
            path.string()
        ));
    const auto code = elf->code();
    if (!code) return fail(fmt::format("{}: {}", path.string(), code.error().message));
    const auto frames = debug_frames::open(path);
    if (!frames) return std::unexpected(frames.error());

    std::vector<code_range> found;
    const auto functions = frames->functions();
    const auto data = frames->literal_ranges();
    for (const base::elf_code& section : *code) {
        const auto begin = static_cast<std::uint32_t>(section.address);
        const auto end = begin + static_cast<std::uint32_t>(section.bytes.size());
        std::uint32_t done = begin;
        const auto add = [&](std::uint32_t from, std::uint32_t to) {
            if (from >= to) return;
            found.push_back({from, to, {}});
            find_calls(found.back(), section, *of, *frames, data);
            done = to;
        };
        for (const code_range& function : functions) {
            if (function.begin < done || function.end > end) continue;
            add(done, function.begin);
            add(function.begin, function.end);
        }
        // A linker script may put constants there. Arm's assembler marks them, RISC-V's does not.
        if (of->code_for == machine::arm) add(done, end);
    }
    std::ranges::sort(found, {}, &code_range::begin);
    return found;
}

} // namespace drone::frames
