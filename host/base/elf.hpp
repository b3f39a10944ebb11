// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "base/file_bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct Elf;

namespace drone::base {

/// Bytes that an ELF file wants in memory.
struct elf_load {
    std::uint64_t address = 0; ///< load address (p_paddr), where flash holds them
    std::uint64_t size = 0;    ///< bytes in the file
    std::uint64_t offset = 0;  ///< of the first one in the file
};

/// A section of code.
struct elf_code {
    std::uint64_t address = 0;        ///< where it runs
    std::span<const std::byte> bytes; ///< live as long as the file
};

/// A symbol that is defined in the file.
struct elf_symbol {
    std::string_view name;     ///< as the linker knows it, mangled; lives as long as the file
    std::uint64_t address = 0; ///< with the Thumb bit where there is one
    std::uint64_t size = 0;    ///< bytes, 0 where the file does not say
    bool is_function = false;
};

/// The headers of an ELF file: the one place that reads them, with libelf. Nothing of the file is
/// copied, and nothing is believed: every range is checked against the file's size.
class elf_file {
public:
    /// Fails when the file cannot be read, is not an ELF file, or ends within its header.
    [[nodiscard]] static result<elf_file> open(const std::filesystem::path& path);

    [[nodiscard]] unsigned machine() const { return machine_; } ///< EM_ARM
    [[nodiscard]] bool is_executable() const { return type_is_executable_; }
    [[nodiscard]] bool is_little_endian() const { return little_endian_; }
    [[nodiscard]] bool is_32_bit() const { return is_32_bit_; }
    [[nodiscard]] std::uint64_t entry() const { return entry_; }

    /// What is to be loaded (PT_LOAD with bytes in the file), in the file's order. Fails when the
    /// program headers lie outside the file, or two loads have one address.
    [[nodiscard]] result<std::vector<elf_load>> loads() const;

    /// The bytes of a load; nothing when they are not all in the file.
    [[nodiscard]] std::optional<std::span<const std::byte>> bytes_of(const elf_load& load) const;

    /// The bytes that the program has at an address when it runs; nothing when they are not all in one
    /// section of the file.
    [[nodiscard]] std::optional<std::span<const std::byte>>
    bytes_at(std::uint64_t address, std::uint64_t size) const;

    /// Sections that are executed. Fails when the file ends before one of its sections does.
    [[nodiscard]] result<std::vector<elf_code>> code() const;

    /// Functions, objects and labels. Symbols are a convenience: of a table that makes no sense, none
    /// are given.
    [[nodiscard]] std::vector<elf_symbol> symbols() const;

    /// The GNU build ID; empty when the linker wrote none.
    [[nodiscard]] std::span<const std::byte> build_id() const;

    /// Bytes in the file.
    [[nodiscard]] std::size_t size() const { return file_.bytes().size(); }

private:
    struct closer {
        void operator()(Elf* elf) const noexcept;
    };
    explicit elf_file(file_bytes file) : file_(std::move(file)) {}

    file_bytes file_;
    std::unique_ptr<Elf, closer> elf_;
    std::uint64_t entry_ = 0;
    unsigned machine_ = 0;
    bool type_is_executable_ = false;
    bool little_endian_ = false;
    bool is_32_bit_ = false;
};

/// "RISC-V" for EM_RISCV.
[[nodiscard]] std::string elf_machine_name(unsigned machine);

} // namespace drone::base
