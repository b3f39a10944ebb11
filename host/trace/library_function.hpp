// SPDX-License-Identifier: MIT
#pragma once

// Which functions are a library's: the allocator itself, the C++ and C libraries, ours. Who asked
// for memory is the program's own function that called them.

#include <algorithm>
#include <array>
#include <string_view>

namespace drone::trace {

/// `name` is qualified, without its return type.
[[nodiscard]] inline bool is_library_function(std::string_view name) {
    constexpr std::array<std::string_view, 13> prefixes{
        "std::",
        "__gnu_cxx::",
        "__cxxabiv1::",
        "drone::",
        "operator new",
        "operator delete",
        "_malloc",
        "_realloc",
        "_calloc",
        "_free",
        "_IO_",
        "_dl_",
        "__",
    };
    constexpr std::array<std::string_view, 13> names{
        "malloc",
        "calloc",
        "realloc",
        "free",
        "aligned_alloc",
        "posix_memalign",
        "memalign",
        "valloc",
        "strdup",
        "strndup",
        "reallocarray",
        "asprintf",
        "_start",
    };
    const auto begins = [name](std::string_view prefix) { return name.starts_with(prefix); };
    const std::string_view bare = name.substr(0, name.find_first_of("( @"));
    return std::ranges::any_of(prefixes, begins) || std::ranges::find(names, bare) != names.end();
}

} // namespace drone::trace
