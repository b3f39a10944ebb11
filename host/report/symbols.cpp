// SPDX-License-Identifier: MIT

#include "report/symbols.hpp"

#include "base/counted.hpp"
#include "base/elf.hpp"
#include "base/printable.hpp"
#include "report/function_name.hpp"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cxxabi.h>
#include <dwarf.h>
#include <elf.h>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

namespace drone::report {

namespace {

constexpr Dwfl_Callbacks callbacks{
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = nullptr,
};

/// Scopes as libdw hands them out.
struct scope_list {
    Dwarf_Die* at = nullptr; ///< innermost first
    int count = 0;

    scope_list() = default;
    scope_list(const scope_list&) = delete;
    scope_list& operator=(const scope_list&) = delete;
    ~scope_list() { std::free(at); }
};

const char* own_name(Dwarf_Die& die) {
    Dwarf_Attribute attribute;
    return dwarf_formstring(dwarf_attr_integrate(&die, DW_AT_name, &attribute));
}

/// Follows an inlined or concrete function to its declaration, which is where it was written.
Dwarf_Die declaration_of(Dwarf_Die die) {
    constexpr std::array<unsigned, 2> links{DW_AT_abstract_origin, DW_AT_specification};
    for (const unsigned link : links) {
        Dwarf_Attribute attribute;
        Dwarf_Die origin;
        if (dwarf_attr(&die, link, &attribute) != nullptr &&
            dwarf_formref_die(&attribute, &origin) != nullptr)
            die = origin;
    }
    return die;
}

/// The function's name, with the namespaces and classes around its declaration.
std::string name_of(Dwarf_Die& die) {
    const char* const own = own_name(die);
    std::string name = own != nullptr ? own : "?";
    Dwarf_Die declaration = declaration_of(die);
    scope_list around;
    around.count = dwarf_getscopes_die(&declaration, &around.at);
    for (int i = 1; i < around.count; ++i) {
        const int tag = dwarf_tag(&around.at[i]);
        const bool qualifies = tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
                               tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
                               tag == DW_TAG_subprogram;
        // An unnamed namespace says nothing.
        const char* const outer = qualifies ? own_name(around.at[i]) : nullptr;
        if (outer != nullptr) name.insert(0, std::string(outer).append("::"));
    }
    return base::printable(name);
}

/// A symbol's name as it was written, without return type and parameters.
std::string demangled(const char* symbol) {
    int status = 0;
    char* const written = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
    if (written == nullptr) return symbol;
    std::string name = bare_function_name(written);
    std::free(written);
    return name;
}

std::string place(const char* file, int line) {
    if (file == nullptr) return {};
    const std::string_view path = file;
    const std::size_t slash = path.rfind('/');
    return fmt::format(
        " at {}:{}",
        base::printable(slash == std::string_view::npos ? path : path.substr(slash + 1)),
        line
    );
}

/// Where the function of this inlined copy was called.
std::string call_place(Dwarf_Die& cu, Dwarf_Die& inlined) {
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0;
    Dwarf_Word line = 0;
    dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_file, &attribute), &file);
    dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_line, &attribute), &line);
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    if (dwarf_getsrcfiles(&cu, &files, &count) != 0 || file >= count) return {};
    return place(dwarf_filesrc(files, file, nullptr, nullptr), static_cast<int>(line));
}

} // namespace

struct symbols::debug_information {
    Dwfl* dwfl = nullptr;
    Dwfl_Module* module = nullptr;
    Dwarf_Addr bias = 0; ///< what libdw adds to the file's addresses
    machine code_for = machine::other;
    std::optional<std::uint32_t> identity;
    std::optional<base::elf_file> image; ///< whose bytes `code` is in
    std::vector<base::elf_code> code;
    std::set<std::string> missing_dwo; ///< files with the rest of split debug information
    bool without_dwarf = false;

    debug_information() = default;
    debug_information(const debug_information&) = delete;
    debug_information& operator=(const debug_information&) = delete;
    ~debug_information() {
        if (dwfl != nullptr) dwfl_end(dwfl);
    }

    [[nodiscard]] result<void> look_at_file(const std::filesystem::path& path);
    [[nodiscard]] bool follows_call(Dwarf_Addr address) const;
    [[nodiscard]] std::vector<std::string> at(Dwarf_Addr in_file);
    [[nodiscard]] std::vector<std::string> at_symbol(Dwarf_Addr address) const;
    /// The unit that has this address; null: none. `of_unit` is what libdw adds to its addresses.
    [[nodiscard]] Dwarf_Die* unit_at(Dwarf_Addr address, Dwarf_Addr& of_unit) const;
    /// The unit itself, or the split one that it refers to; null when that is missing.
    [[nodiscard]] Dwarf_Die* whole_unit(Dwarf_Die* unit, Dwarf_Die& split);
};

result<void> symbols::debug_information::look_at_file(const std::filesystem::path& path) {
    auto opened = base::elf_file::open(path);
    if (!opened) return std::unexpected(opened.error());
    image = std::move(*opened);
    auto found = image->code();
    if (!found) return fail(fmt::format("{}: {}", path.string(), found.error().message));
    code = std::move(*found);
    switch (image->machine()) {
    case EM_ARM:
        code_for = machine::arm;
        break;
    case EM_RISCV:
        code_for = machine::riscv;
        break;
    case EM_386:
    case EM_X86_64:
        code_for = machine::x86;
        break;
    default:
        break;
    }
    if (const auto id = image->build_id(); id.size() >= 3)
        identity = std::to_integer<std::uint32_t>(id[0]) << 16U |
                   std::to_integer<std::uint32_t>(id[1]) << 8U |
                   std::to_integer<std::uint32_t>(id[2]);
    return {};
}

bool symbols::debug_information::follows_call(Dwarf_Addr address) const {
    return std::ranges::any_of(code, [&](const base::elf_code& section) {
        if (address <= section.address || address - section.address > section.bytes.size())
            return false;
        return frames::ends_with_call(code_for, section.bytes.first(address - section.address));
    });
}

Dwarf_Die* symbols::debug_information::unit_at(Dwarf_Addr address, Dwarf_Addr& of_unit) const {
    if (Dwarf_Die* const unit = dwfl_module_addrdie(module, address, &of_unit)) return unit;
    // That looks into .debug_aranges, which Clang does not write.
    Dwarf_Die* unit = nullptr;
    while ((unit = dwfl_module_nextcu(module, unit, &of_unit)) != nullptr)
        if (dwarf_haspc(unit, address - of_unit) == 1) return unit;
    return nullptr;
}

Dwarf_Die* symbols::debug_information::whole_unit(Dwarf_Die* unit, Dwarf_Die& split) {
    std::uint8_t type = 0;
    split = {};
    if (dwarf_cu_info(unit->cu, nullptr, &type, nullptr, &split, nullptr, nullptr, nullptr) != 0 ||
        type != DW_UT_skeleton)
        return unit;
    if (dwarf_tag(&split) != DW_TAG_invalid && split.cu != nullptr) return &split;
    Dwarf_Attribute attribute;
    for (const unsigned key : {DW_AT_dwo_name, DW_AT_GNU_dwo_name})
        if (const char* const file = dwarf_formstring(dwarf_attr(unit, key, &attribute)))
            missing_dwo.insert(file);
    return nullptr;
}

std::vector<std::string> symbols::debug_information::at(Dwarf_Addr in_file) {
    const Dwarf_Addr address = in_file + bias;
    Dwarf_Addr dwarf_bias = 0;
    Dwarf_Die* const unit = unit_at(address, dwarf_bias);
    if (unit == nullptr) without_dwarf = true;
    Dwarf_Die split;
    Dwarf_Die* const cu = unit == nullptr ? nullptr : whole_unit(unit, split);
    if (cu == nullptr) return at_symbol(address);
    scope_list by_address;
    by_address.count = dwarf_getscopes(cu, address - dwarf_bias, &by_address.at);
    if (by_address.count <= 0) return at_symbol(address);
    // The first list climbs from an inlined copy to where its function was written; the second one
    // to what it was inlined into.
    scope_list scopes;
    scopes.count = dwarf_getscopes_die(&by_address.at[0], &scopes.at);

    std::string where;
    if (Dwarf_Line* const line = dwarf_getsrc_die(unit, address - dwarf_bias)) {
        int number = 0;
        dwarf_lineno(line, &number);
        where = place(dwarf_linesrc(line, nullptr, nullptr), number);
    }
    std::vector<std::string> functions;
    for (int i = 0; i < scopes.count; ++i) {
        Dwarf_Die& scope = scopes.at[i];
        const int tag = dwarf_tag(&scope);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
        functions.push_back(name_of(scope) + where);
        if (tag == DW_TAG_subprogram) break;
        where = call_place(*cu, scope);
    }
    return functions.empty() ? at_symbol(address) : functions;
}

std::vector<std::string> symbols::debug_information::at_symbol(Dwarf_Addr address) const {
    const char* const name = dwfl_module_addrname(module, address);
    return name != nullptr ? std::vector{base::printable(demangled(name))}
                           : std::vector<std::string>{};
}

result<symbols> symbols::open(const std::filesystem::path& elf) {
    std::error_code missing;
    if (!std::filesystem::is_regular_file(elf, missing))
        return fail(fmt::format(
            "{}: {}; --elf names the firmware",
            elf.string(),
            std::filesystem::exists(elf, missing) ? "is not a regular file" : "no such file"
        ));
    auto information = std::make_unique<debug_information>();
    if (const auto good = information->look_at_file(elf); !good)
        return std::unexpected(good.error());
    information->dwfl = dwfl_begin(&callbacks);
    if (information->dwfl == nullptr) return fail(fmt::format("libdw: {}", dwfl_errmsg(-1)));
    dwfl_report_begin(information->dwfl);
    information->module = dwfl_report_offline(information->dwfl, "", elf.c_str(), -1);
    dwfl_report_end(information->dwfl, nullptr, nullptr);
    if (information->module == nullptr)
        return fail(fmt::format("{}: is not an ELF file that libdw can read", elf.string()));
    dwfl_module_getelf(information->module, &information->bias);
    return symbols(std::move(information));
}

symbols::symbols(std::unique_ptr<debug_information> information)
    : information_(std::move(information)) {}
symbols::symbols(symbols&&) noexcept = default;
symbols& symbols::operator=(symbols&&) noexcept = default;
symbols::~symbols() = default;

namespace {

/// The addresses that one of a trace may be: it has 30 bits of them, without the lowest, which only
/// x86 uses.
std::vector<Dwarf_Addr> candidates(machine code_for, std::uint32_t address) {
    constexpr Dwarf_Addr carried = Dwarf_Addr{1} << 30U;
    std::vector<Dwarf_Addr> all;
    for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        all.push_back(address % carried + quarter * carried);
        if (code_for == machine::x86) all.push_back(all.back() | 1U);
    }
    return all;
}

} // namespace

std::vector<std::string> symbols::functions(std::uint32_t return_address) const {
    for (const Dwarf_Addr address : candidates(information_->code_for, return_address)) {
        if (!information_->follows_call(address)) continue;
        // The call itself is before the address that it returns to.
        auto found = information_->at(address - 1);
        if (!found.empty()) return found;
    }
    return {};
}

std::vector<std::string> symbols::functions_exactly_at(std::uint64_t return_address) const {
    if (!information_->follows_call(return_address)) return {};
    return information_->at(return_address - 1);
}

bool symbols::follows_call(std::uint32_t return_address) const {
    return std::ranges::any_of(
        candidates(information_->code_for, return_address),
        [&](Dwarf_Addr address) { return information_->follows_call(address); }
    );
}

bool symbols::follows_call_exactly_at(std::uint64_t return_address) const {
    return information_->follows_call(return_address);
}

machine symbols::code_for() const { return information_->code_for; }
std::string symbols::build() const {
    const std::optional<base::elf_file>& image = information_->image;
    std::string digits;
    if (!image) return digits;
    for (const std::byte one : image->build_id())
        digits += fmt::format("{:02x}", std::to_integer<unsigned>(one));
    return digits;
}
std::optional<std::uint32_t> symbols::identity() const { return information_->identity; }

std::vector<std::string> symbols::notices() const {
    std::vector<std::string> notices;
    const auto& missing = information_->missing_dwo;
    if (!missing.empty())
        notices.push_back(fmt::format(
            "the debug information of {} is in separate files that are missing (the "
            "first: {}); their callers are named from the symbol table, without lines",
            base::counted(missing.size(), "source file"),
            *missing.begin()
        ));
    else if (information_->without_dwarf)
        notices.emplace_back(
            "some callers have no debug information and are named from the symbol table; compile "
            "with -g"
        );
    return notices;
}

} // namespace drone::report
