// SPDX-License-Identifier: MIT

#include "board/elf.hpp"

#include "base/elf.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cxxabi.h>
#include <elf.h>
#include <memory>
#include <system_error>

namespace drone::board {
namespace {

result<void> check_program(const std::string& name, const base::elf_file& elf) {
    if (elf.is_little_endian() && elf.machine() != EM_ARM)
        return fail(fmt::format(
            "{}: built for {}, but the board is an ARM Cortex-M",
            name,
            base::elf_machine_name(elf.machine())
        ));
    if (!elf.is_32_bit() || !elf.is_little_endian())
        return fail(fmt::format("{}: not a 32-bit little-endian ELF file", name));
    if (!elf.is_executable())
        return fail(fmt::format("{}: not linked to addresses; give the linked program", name));
    return {};
}

result<std::vector<segment>> read_segments(const std::string& name, const base::elf_file& elf) {
    const auto loads = elf.loads();
    if (!loads) return fail(fmt::format("{}: {}", name, loads.error().message));
    std::vector<segment> segments;
    std::uint64_t total = 0;
    for (const base::elf_load& load : *loads) {
        const auto content = elf.bytes_of(load);
        if (!content)
            return fail(fmt::format(
                "{}: the file is cut: the segment for {:#010x} ends at byte {} of {}",
                name,
                load.address,
                load.offset + load.size,
                elf.size()
            ));
        if (total += load.size; total > elf.size())
            return fail(fmt::format("{}: segments share bytes of the file; build it again", name));
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(content->data());
        segments.push_back(
            {static_cast<std::uint32_t>(load.address), {bytes, bytes + content->size()}}
        );
    }
    if (segments.empty()) return fail(fmt::format("{}: has nothing to load", name));
    return segments;
}

std::vector<symbol> read_symbols(const base::elf_file& elf) {
    std::vector<symbol> symbols;
    for (const base::elf_symbol& one : elf.symbols()) {
        const auto address = static_cast<std::uint32_t>(one.address);
        symbols.push_back(
            {std::string(one.name),
             one.is_function ? address & ~1U : address,
             static_cast<std::uint32_t>(one.size),
             one.is_function}
        );
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
    if (std::filesystem::is_directory(path, status))
        return fail(fmt::format("{}: is a folder", path.string()));
    const auto elf = base::elf_file::open(path);
    if (!elf) return std::unexpected(elf.error());
    if (const auto fine = check_program(path.string(), *elf); !fine)
        return std::unexpected(fine.error());
    auto segments = read_segments(path.string(), *elf);
    if (!segments) return std::unexpected(segments.error());
    return firmware{std::move(*segments), read_symbols(*elf)};
}

} // namespace drone::board
