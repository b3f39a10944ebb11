// SPDX-License-Identifier: MIT
#pragma once

// Firmware of benchmarks: compiled for a Cortex-M core, run on the virtual board to its end, its
// calls of the heap counted in instructions.

#include "board/core.hpp"
#include "board/measure.hpp"
#include "workshop.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace drone::bench {

/// What calls of the heap are measured.
enum class through { heap, new_face, malloc_face, rival };

struct variant {
    std::string options;   ///< of the compiler
    std::string libraries; ///< of the linker
    through by = through::heap;
};

/// Compiles a source of bench/heap. Returns the ELF file.
std::filesystem::path build(
    const workshop& shop,
    const std::string& source,
    const variant& what,
    const std::string& cpu,
    const std::string& level
);

struct run_setup {
    board::core_model model = board::core_model::m4;
    bool listening = false;
    bool sees_masks = false; ///< slow
};

struct counts {
    board::distribution allocate;
    board::distribution deallocate;
    board::distribution resize; ///< where the firmware has bench_resize()
    std::uint64_t longest_masked = 0;
    std::uint32_t footprint = 0; ///< of a rival
    std::uint32_t control = 0;   ///< bytes, where the firmware says so
    std::uint32_t tags = 0;      ///< bytes, where the firmware says so
};

/// Runs the firmware to its end. Instructions of `bench_allocate` and `bench_deallocate`, less the
/// one branch with which they reach a face or the rivals' malloc and free.
counts
measure(const workshop& shop, const std::filesystem::path& elf, const run_setup& how, through by);

} // namespace drone::bench
