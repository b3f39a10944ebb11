# drone_bench_figures(FILE): what docs/sizes.md says of each heap on the Cortex-M4 at -O2, as a C++ header: the bench's
# figures, in the tool without a second place to write them. The first row of each name counts. The heaps' table has
# minimum, mean, 99.9 % and maximum of two operations; the region's has minimum, mean and maximum.
function(drone_bench_figures header)
    set(page ${PROJECT_SOURCE_DIR}/docs/sizes.md)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
    set(n "[ ]+([0-9.]+)")
    set(heap "(drone|newlib|picolibc|8 pools|no pool)[a-z0-9 ,-]*[a-z]")
    file(STRINGS ${page} lines REGEX "^${heap}${n}${n}${n}${n}${n}${n}")
    set(rows "")
    set(seen "")
    foreach(line IN LISTS lines)
        if(line MATCHES "^(8 pools, one masked stretch|no pools)${n}${n}${n}${n}${n}${n}")
            set(name "drone, 8 pools and a region")
            if(CMAKE_MATCH_1 STREQUAL "no pools")
                set(name "drone, a region")
            endif()
            set(row "${CMAKE_MATCH_3}, ${CMAKE_MATCH_6}, ${CMAKE_MATCH_4}, ${CMAKE_MATCH_7}")
        elseif(line MATCHES "^([dnp][a-z0-9 ,-]*[a-z])${n}${n}${n}${n}${n}${n}${n}${n}")
            set(name "${CMAKE_MATCH_1}")
            set(row "${CMAKE_MATCH_3}, ${CMAKE_MATCH_7}, ${CMAKE_MATCH_5}, ${CMAKE_MATCH_9}")
        else()
            continue()
        endif()
        if(NOT "${name}" IN_LIST seen)
            list(APPEND seen "${name}")
            string(APPEND rows "    {\"${name}\", ${row}},\n")
        endif()
    endforeach()
    file(CONFIGURE OUTPUT ${header} CONTENT
"// Made from docs/sizes.md.
#pragma once

#include <string_view>

namespace drone::bench {

/// Instructions of a call, counted by the bench.
struct figures {
    std::string_view heap;
    double allocate_mean;
    double deallocate_mean;
    int allocate_worst;
    int deallocate_worst;
};

inline constexpr figures all[]{
@rows@};

/// Of that heap; null where the bench has none of that name.
[[nodiscard]] constexpr const figures* find(std::string_view heap) {
    for (const figures& f : all)
        if (f.heap == heap) return &f;
    return nullptr;
}

} // namespace drone::bench
" @ONLY)
endfunction()
