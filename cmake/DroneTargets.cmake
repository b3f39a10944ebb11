# Where Drone's files are, its version, and its targets. They are found beside this file:
#
#   in the source tree    cmake/               include/drone/  arch/
#   installed             share/drone/cmake/   include/drone/drone/  share/drone/arch/
#
# The installed headers are not in include/ itself, which may be the host's own and must not meet a cross compiler.

get_filename_component(DRONE_FILES ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
if(EXISTS ${DRONE_FILES}/include/drone/version.hpp)
    set(_headers ${DRONE_FILES}/include)
else()
    get_filename_component(_headers ${DRONE_FILES}/../../include/drone ABSOLUTE)
endif()

file(STRINGS ${_headers}/drone/version.hpp _numbers REGEX "define DRONE_VERSION_(MAJOR|MINOR|PATCH) ")
list(TRANSFORM _numbers REPLACE "[^0-9]" "")
list(JOIN _numbers "." DRONE_VERSION)

# All of them see all headers, which are in separate folders. Their names say what a program uses.
foreach(_part IN ITEMS heap cortex_m riscv host)
    if(NOT TARGET drone::${_part})
        add_library(drone::${_part} INTERFACE IMPORTED GLOBAL)
        if(_part STREQUAL heap)
            set_target_properties(drone::heap PROPERTIES
                INTERFACE_INCLUDE_DIRECTORIES "${_headers};${DRONE_FILES}/arch"
                INTERFACE_COMPILE_FEATURES cxx_std_20)
        else()
            set_target_properties(drone::${_part} PROPERTIES INTERFACE_LINK_LIBRARIES drone::heap)
        endif()
    endif()
endforeach()

# The C tracer for heaps that are not ours, compiled with the program that links it; its project speaks C. The other two
# put it between a C library's allocator and its callers.
set(_newlib _malloc_r _free_r _realloc_r _calloc_r _memalign_r)
set(_malloc malloc free realloc calloc memalign aligned_alloc)
if(NOT TARGET drone::trace)
    add_library(drone::trace INTERFACE IMPORTED GLOBAL)
    set_target_properties(drone::trace PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${_headers};${DRONE_FILES}/adapters"
        INTERFACE_SOURCES ${DRONE_FILES}/src/drone_trace.c)
    foreach(_part IN ITEMS newlib malloc)
        add_library(drone::trace_${_part} INTERFACE IMPORTED GLOBAL)
        list(TRANSFORM _${_part} PREPEND "-Wl,--wrap=")
        set_target_properties(drone::trace_${_part} PROPERTIES
            INTERFACE_LINK_LIBRARIES drone::trace
            INTERFACE_LINK_OPTIONS "${_${_part}}")
    endforeach()
    set_target_properties(drone::trace_newlib PROPERTIES
        INTERFACE_COMPILE_DEFINITIONS "DRONE_TRACE_WRAP=1;DRONE_TRACE_WRAP_MORE=1")
    set_target_properties(drone::trace_malloc PROPERTIES
        INTERFACE_COMPILE_DEFINITIONS "DRONE_TRACE_WRAP=2;DRONE_TRACE_WRAP_MORE=1")

endif()
