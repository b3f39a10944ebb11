// SPDX-License-Identifier: MIT

#include "report/symbols.hpp"

#include "base/printable.hpp"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <dwarf.h>
#include <optional>
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

std::string name_of(Dwarf_Die& die) {
    Dwarf_Attribute attribute;
    const char* const name = dwarf_formstring(dwarf_attr_integrate(&die, DW_AT_name, &attribute));
    return name != nullptr ? base::printable(name) : "?";
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

    debug_information() = default;
    debug_information(const debug_information&) = delete;
    debug_information& operator=(const debug_information&) = delete;
    ~debug_information() {
        if (dwfl != nullptr) dwfl_end(dwfl);
    }

    [[nodiscard]] std::vector<std::string> at(Dwarf_Addr address) const;
    [[nodiscard]] std::vector<std::string> at_symbol(Dwarf_Addr address) const;
};

std::vector<std::string> symbols::debug_information::at(Dwarf_Addr address) const {
    Dwarf_Addr bias = 0;
    Dwarf_Die* const cu = dwfl_module_addrdie(module, address, &bias);
    if (cu == nullptr) return at_symbol(address);
    scope_list by_address;
    by_address.count = dwarf_getscopes(cu, address - bias, &by_address.at);
    if (by_address.count <= 0) return at_symbol(address);
    // The first list climbs from an inlined copy to where its function was written; the second one
    // to what it was inlined into.
    scope_list scopes;
    scopes.count = dwarf_getscopes_die(&by_address.at[0], &scopes.at);

    std::string where;
    if (Dwfl_Line* const line = dwfl_module_getsrc(module, address)) {
        int number = 0;
        const char* const file = dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
        where = place(file, number);
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
    return name != nullptr ? std::vector{base::printable(name)} : std::vector<std::string>{};
}

result<symbols> symbols::open(const std::filesystem::path& elf) {
    std::error_code missing;
    if (!std::filesystem::is_regular_file(elf, missing))
        return fail(fmt::format("{}: no such file; --elf names the firmware", elf.string()));
    auto information = std::make_unique<debug_information>();
    information->dwfl = dwfl_begin(&callbacks);
    if (information->dwfl == nullptr) return fail(fmt::format("libdw: {}", dwfl_errmsg(-1)));
    dwfl_report_begin(information->dwfl);
    information->module = dwfl_report_offline(information->dwfl, "", elf.c_str(), -1);
    dwfl_report_end(information->dwfl, nullptr, nullptr);
    if (information->module == nullptr)
        return fail(fmt::format("{}: is no ELF file that libdw can read", elf.string()));
    return symbols(std::move(information));
}

symbols::symbols(std::unique_ptr<debug_information> information)
    : information_(std::move(information)) {}
symbols::symbols(symbols&&) noexcept = default;
symbols& symbols::operator=(symbols&&) noexcept = default;
symbols::~symbols() = default;

std::vector<std::string> symbols::functions(std::uint32_t return_address) const {
    constexpr Dwarf_Addr carried = Dwarf_Addr{1} << 30U;
    for (Dwarf_Addr quarter = 0; quarter < 4; ++quarter) {
        // The call itself stands before the address that it returns to.
        const Dwarf_Addr call = return_address % carried + quarter * carried - 1;
        auto found = information_->at(call);
        if (!found.empty()) return found;
    }
    return {};
}

} // namespace drone::report
