// SPDX-License-Identifier: MIT
#pragma once

// Which build of a firmware this is: the first 24 bits of its GNU build ID. The linker writes the
// ID into a note when it is called with --build-id. The linker script names the beginning and the
// end of that note (arch/cortex_m/cortex_m.ld):
//
//     .note.gnu.build-id :
//     {
//         drone_build_id_begin = .;
//         KEEP(*(.note.gnu.build-id))
//         drone_build_id_end = .;
//     } > FLASH

#include <drone/language.hpp>

#include <cstdint>

extern "C" {
[[gnu::weak]] extern const unsigned char drone_build_id_begin[];
[[gnu::weak]] extern const unsigned char drone_build_id_end[];
}

namespace drone {

/// The first six hexadecimal digits of the build ID. 0 if the linker script names no note, or there
/// is none. Any context.
[[nodiscard, gnu::noinline]] inline std::uint32_t build_identity() noexcept {
    constexpr std::uintptr_t header = 16; // bytes: three lengths and kinds, and the name "GNU"
    const auto size = reinterpret_cast<std::uintptr_t>(drone_build_id_end) -
                      reinterpret_cast<std::uintptr_t>(drone_build_id_begin);
    if (size < header + 3) return 0;
    const unsigned char* const id = drone_build_id_begin + header;
    return std::uint32_t{id[0]} << 16U | std::uint32_t{id[1]} << 8U | id[2];
}

} // namespace drone
