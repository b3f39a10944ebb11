# Drone for C++ as the build of a firmware sees it; a project's CMakeLists.txt includes it behind project().
#
#   drone_firmware(NAME SOURCE...)   the firmware build/NAME.elf: the sources, the start-up code and linker script of the core,
#                                    the pools and memories of Drone.toml (made again when that file changes)
#   DRONE_FEATURES                   a list; each feature F is the macro DRONE_FEATURE_F in every source

include_guard(GLOBAL)

get_filename_component(DRONE_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
set(DRONE_FEATURES "" CACHE STRING "Features of this build, such as heaptrace")
find_program(DRONE_TOOL drone PATHS ${DRONE_ROOT}/build/bin REQUIRED DOC "The tool")

# The text of `drone print WHAT` as a file, made again when Drone.toml or the tool changes.
function(drone_print what file)
    get_filename_component(folder ${file} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
        OUTPUT ${file}
        COMMAND ${DRONE_TOOL} print ${what} > ${file}.new
        COMMAND ${CMAKE_COMMAND} -E rename ${file}.new ${file}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/Drone.toml ${DRONE_TOOL}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
        COMMENT "Drone.toml: ${what}"
        VERBATIM)
endfunction()

function(drone_firmware name)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/made)
    drone_print(layout ${made}/drone/config.hpp)
    drone_print(memory ${made}/memory.ld)

    set(core ${DRONE_ROOT}/arch/cortex_m)
    add_executable(${name}
        ${ARGN}
        ${core}/startup.cpp ${core}/newlib.cpp ${DRONE_ROOT}/arch/newlib/no_exceptions.cpp
        ${made}/drone/config.hpp ${made}/memory.ld)
    set_target_properties(${name} PROPERTIES
        SUFFIX .elf
        LINK_DEPENDS "${made}/memory.ld;${core}/cortex_m.ld")

    target_compile_features(${name} PRIVATE cxx_std_20)
    target_compile_options(${name} PRIVATE -Os -g -Wall -Wextra)
    target_include_directories(${name} SYSTEM PRIVATE ${DRONE_ROOT}/include ${DRONE_ROOT}/arch ${made})
    target_link_options(${name} PRIVATE --specs=nano.specs -L${made} -T${core}/cortex_m.ld)

    foreach(feature IN LISTS DRONE_FEATURES)
        string(TOUPPER ${feature} macro)
        target_compile_definitions(${name} PRIVATE DRONE_FEATURE_${macro})
    endforeach()
endfunction()
