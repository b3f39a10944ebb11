// SPDX-License-Identifier: MIT
#include "probe/firmware.hpp"

#include "base/elf.hpp"

#include <fmt/format.h>

#include <elf.h>
#include <system_error>

namespace drone::probe {

namespace {

bool inside(const base::elf_load& load, const config::region& place) {
    return load.address >= place.origin &&
           load.address + load.size <= std::uint64_t{place.origin} + place.size;
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
    if (!std::filesystem::is_regular_file(status)) return refuse("not a file; name an ELF file");
    const auto elf = base::elf_file::open(file);
    if (!elf && elf.error().kind != error_kind::invalid) return std::unexpected(elf.error());
    if (!elf)
        return refuse("not an ELF file; name the linker's output, not a .bin or .hex made from it");
    if (elf->is_little_endian() && elf->machine() != EM_ARM)
        return refuse(fmt::format(
            "built for {}, but the board has an Arm Cortex-M; build it with the project's "
            "toolchain",
            base::elf_machine_name(elf->machine())
        ));
    if (!elf->is_32_bit() || !elf->is_little_endian())
        return refuse("not a 32-bit little-endian ELF file, which Cortex-M needs");
    if (!elf->is_executable())
        return refuse("not an executable; link it first (an object or a library is not enough)");

    const auto loads = elf->loads();
    if (!loads) return refuse(loads.error().message + "; build it again");
    firmware found{.entry = static_cast<std::uint32_t>(elf->entry())};
    for (const base::elf_load& load : *loads) {
        if (memory && !inside(load, memory->flash) && !inside(load, memory->ram))
            return refuse(fmt::format(
                "has {} bytes for {:#010x}, outside the board's flash and RAM; check [memory] and "
                "the linker script",
                load.size,
                load.address
            ));
        found.loaded_size += load.size;
    }
    if (found.loaded_size == 0) return refuse("has nothing to write; is it the right file?");
    return found;
}

} // namespace drone::probe
