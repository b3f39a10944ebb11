# Firmwares. A project's CMakeLists.txt has these after find_package(drone) or add_subdirectory(drone):
#
#   drone_firmware(NAME SOURCE...)   the firmware build/NAME.elf: the sources, the start-up code and linker script of
#                                    the core,
#                                    the pools and memories of Drone.toml (made again when that file changes)
#   drone_layout(TARGET)             the target sees <drone/config.hpp>, the pools of Drone.toml; it brings its own
#                                    start-up
#   DRONE_FEATURES                   a list; each feature F is the macro DRONE_FEATURE_F in every source
#   DRONE_INTERRUPT_COUNT  entries in the vector table after the core's 16; by default 96, on a cortex-m0 32
#   DRONE_TOOL                       the tool, which reads Drone.toml

include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/DroneTargets.cmake)
set(DRONE_FEATURES "" CACHE STRING "Features of this build, such as heaptrace")

# Sets DRONE_TOOL to the tool: the one that is built along, else the one beside these files, else one on the PATH.
function(drone_find_tool)
    if(TARGET drone_tool)
        set(DRONE_TOOL $<TARGET_FILE:drone_tool> PARENT_SCOPE)
    else()
        set(files ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..)
        find_program(DRONE_TOOL drone
            HINTS ${files}/../../bin ${files}/build/bin NO_CMAKE_FIND_ROOT_PATH REQUIRED DOC "The tool drone")
    endif()
endfunction()

# drone_print(WHAT FILE): the text of `drone print WHAT` as a file, made again when Drone.toml or the tool changes.
function(drone_print what file)
    drone_find_tool()
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

function(drone_layout target)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/made)
    drone_print(layout ${made}/drone/config.hpp)
    target_sources(${target} PRIVATE ${made}/drone/config.hpp)
    target_include_directories(${target} SYSTEM PRIVATE ${made})
endfunction()

function(drone_firmware name)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/made)
    get_filename_component(arch ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../arch ABSOLUTE)
    set(core ${arch}/cortex_m)
    drone_print(memory ${made}/memory.ld)
    add_executable(${name}
        ${ARGN} ${core}/startup.cpp ${core}/newlib.cpp ${arch}/newlib/no_exceptions.cpp ${made}/memory.ld)
    drone_layout(${name})
    set_target_properties(${name} PROPERTIES
        SUFFIX .elf
        LINK_DEPENDS "${made}/memory.ld;${core}/cortex_m.ld")

    # Linked again where it traces stacks.
    drone_find_tool()
    set(tool ${DRONE_TOOL})
    if(TARGET drone_tool) # a launcher cannot have a generator expression
        get_target_property(folder drone_tool RUNTIME_OUTPUT_DIRECTORY)
        set(tool ${folder}/drone)
        add_dependencies(${name} drone_tool)
    endif()
    set_target_properties(${name} PROPERTIES
        RULE_LAUNCH_LINK "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/link_twice ${tool}")

    target_link_libraries(${name} PRIVATE drone::cortex_m)
    target_compile_options(${name} PRIVATE -Os -g -Wall -Wextra)
    target_link_options(${name} PRIVATE --specs=nano.specs -Wl,--build-id -L${made} -T${core}/cortex_m.ld)

    if(DRONE_INTERRUPT_COUNT)
        target_compile_definitions(${name} PRIVATE DRONE_INTERRUPT_COUNT=${DRONE_INTERRUPT_COUNT})
    endif()
    foreach(feature IN LISTS DRONE_FEATURES)
        string(TOUPPER ${feature} macro)
        target_compile_definitions(${name} PRIVATE DRONE_FEATURE_${macro})
    endforeach()
endfunction()
