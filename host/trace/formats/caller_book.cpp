// SPDX-License-Identifier: MIT

#include "trace/formats/caller_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace drone::trace {

void caller_book::map(
    std::uint64_t begin,
    std::uint64_t end,
    std::uint64_t base,
    std::string_view path,
    std::string_view build
) {
    const code_module wanted{std::string(path), std::string(build)};
    auto known = std::ranges::find(found_.modules, wanted);
    if (known == found_.modules.end()) known = found_.modules.insert(known, wanted);
    const auto module = static_cast<std::uint32_t>(known - found_.modules.begin());
    const segment made{.end = end, .base = base, .module = module};
    segment& there = segments_[begin];
    if (there.base != base || there.module != module) places_.clear();
    there = made;
}

void caller_book::unmap() {
    segments_.clear();
    places_.clear();
}

std::uint32_t caller_book::place(std::uint64_t address) {
    if (found_.callers.empty()) found_.callers.emplace_back(); // 0: not known
    const auto [known, is_new] =
        places_.try_emplace(address, static_cast<std::uint32_t>(found_.callers.size()));
    if (!is_new) return known->second;
    const auto after = segments_.upper_bound(address);
    if (after == segments_.begin() || address >= std::prev(after)->second.end)
        return place(std::vector{fmt::format("{:#x}", address)});
    const segment& in = std::prev(after)->second;
    const code_module& module = found_.modules[in.module];
    const code_place at{.module = in.module, .offset = address - in.base};
    const std::uint32_t made =
        place(std::vector{fmt::format("{}+{:#x}", module.name(), at.offset)});
    found_.places.resize(made + 1);
    found_.places.back() = at;
    return made;
}

std::uint32_t caller_book::place(std::vector<std::string> functions) {
    if (found_.callers.empty()) found_.callers.emplace_back();
    if (functions.empty()) return 0;
    found_.callers.push_back(std::move(functions));
    return static_cast<std::uint32_t>(found_.callers.size() - 1);
}

std::uint32_t caller_book::stack(std::vector<std::uint32_t> places, bool is_whole) {
    if (places.empty()) return 0;
    if (places.size() == 1 && is_whole) return places.front();
    const auto [known, is_new] =
        stacks_.try_emplace(places, static_cast<std::uint32_t>(found_.stacks.size()));
    if (is_new) found_.stacks.push_back({.frames = std::move(places), .is_whole = is_whole});
    return stack_bit | known->second;
}

} // namespace drone::trace
