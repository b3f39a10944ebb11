# drone_bench_figures(FILE): what docs/sizes.md says of each heap on the Cortex-M4 at -O2, its first table, as a C++
# header: the bench's figures, in the tool without a second place to write them.
function(drone_bench_figures header)
    set(page ${PROJECT_SOURCE_DIR}/docs/sizes.md)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
    set(figure "[ ]+([0-9.]+)")
    file(STRINGS ${page} lines REGEX "^[a-z][a-z0-9 ,-]+${figure}${figure}${figure}${figure}")
    set(rows "")
    set(seen "")
    foreach(line IN LISTS lines)
        if(line MATCHES "^([a-z][a-z0-9 ,-]*[a-z])${figure}${figure}${figure}${figure}${figure}${figure}${figure}${figure}")
            if(NOT "${CMAKE_MATCH_1}" IN_LIST seen)
                list(APPEND seen "${CMAKE_MATCH_1}")
                string(APPEND rows "    {\"${CMAKE_MATCH_1}\", ${CMAKE_MATCH_3}, ${CMAKE_MATCH_5}, ${CMAKE_MATCH_7}, ${CMAKE_MATCH_9}},\n")
            endif()
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
    int allocate_worst;
    double deallocate_mean;
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
