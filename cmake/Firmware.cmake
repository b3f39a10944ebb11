# Firmwares cross-compiled from the host's build, for tests that run them on the virtual board.
include(CortexM)

set(DRONE_FIRMWARE_CXX arm-none-eabi-g++)
set(DRONE_FIRMWARE_CC arm-none-eabi-gcc)

# All of them. In a build that takes them from another (DRONE_FIRMWARES_OF) that one makes them.
if(NOT TARGET drone_firmwares)
    add_custom_target(drone_firmwares)
    if(NOT drone_firmware_build STREQUAL PROJECT_BINARY_DIR)
        add_custom_target(drone_firmwares_elsewhere
            COMMAND ${CMAKE_COMMAND} --build ${drone_firmware_build} --target drone_firmwares
            COMMENT "Firmwares in ${drone_firmware_build}"
            USES_TERMINAL VERBATIM)
    endif()
endif()

# drone_test_firmware(name SOURCES a.cpp b.c ... [CPU cortex-m4] [FLOAT soft] [OPTIONS -O2 ...] [LINK ...] [STACKS])
# Compiles and links ${drone_firmware_build}/firmware/<name>.elf for the virtual board, with the start-up
# code, newlib-nano and the linker script of arch/cortex_m; target <name>_firmware.
# With STACKS it is linked twice, for its frame table, which needs the tool.
# Headers are included as <drone/...> and "cortex_m/...".
function(drone_test_firmware name)
    if(TARGET drone_firmwares_elsewhere)
        add_custom_target(${name}_firmware)
        add_dependencies(${name}_firmware drone_firmwares_elsewhere)
        return()
    endif()
    cmake_parse_arguments(ARG "STACKS" "CPU;FLOAT" "SOURCES;OPTIONS;LINK" ${ARGN})
    if(NOT ARG_CPU)
        set(ARG_CPU cortex-m4)
    endif()
    set(folder ${PROJECT_BINARY_DIR}/firmware)
    set(objects ${folder}/${name}.dir)
    set(arch ${PROJECT_SOURCE_DIR}/arch/cortex_m)
    file(MAKE_DIRECTORY ${objects})
    foreach(value IN ITEMS flash_origin flash_size ram_origin ram_size)
        file(STRINGS ${PROJECT_SOURCE_DIR}/host/config/virtual_m4.hpp ${value} REGEX " ${value} = ")
        string(REGEX REPLACE ".* = |[^0-9a-fx *]" "" ${value} "${${value}}")
    endforeach()
    drone_memory_script(${folder} ${flash_origin} "${flash_size}" ${ram_origin} "${ram_size}")
    drone_cortex_m_flags(flags "${ARG_CPU}" "${ARG_FLOAT}")
    set(compile
        ${flags} -O2 -g -Wall -Wextra -Wshadow -Werror
        -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/arch ${ARG_OPTIONS})
    set(linked "")
    foreach(source IN LISTS ARG_SOURCES
            ITEMS ${arch}/startup.cpp ${arch}/newlib.cpp ${PROJECT_SOURCE_DIR}/arch/newlib/no_exceptions.cpp)
        cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE path)
        cmake_path(GET path FILENAME file)
        set(object ${objects}/${file}.o)
        set(compiler ${DRONE_FIRMWARE_CXX} -std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics)
        if(file MATCHES "[.]c$")
            set(compiler ${DRONE_FIRMWARE_CC} -std=c99)
        endif()
        add_custom_command(
            OUTPUT ${object}
            COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${compiler} ${compile}
                    -MD -MF ${object}.d -c ${path} -o ${object}
            DEPENDS ${path}
            DEPFILE ${object}.d
            COMMENT "Firmware ${name}: ${file}"
            VERBATIM)
        list(APPEND linked ${object})
    endforeach()
    set(launcher "")
    set(tool "")
    if(ARG_STACKS)
        set(launcher ${PROJECT_SOURCE_DIR}/cmake/link_twice $<TARGET_FILE:drone_tool>)
        set(tool drone_tool)
    endif()
    add_custom_command(
        OUTPUT ${folder}/${name}.elf
        COMMAND ${launcher} ${DRONE_FIRMWARE_CXX} ${flags} -nostartfiles --specs=nano.specs
                -Wl,--gc-sections -Wl,--fatal-warnings -Wl,--build-id -L${folder} -T${arch}/cortex_m.ld
                ${linked} ${ARG_LINK} -o ${folder}/${name}.elf
        DEPENDS ${tool} ${linked} ${arch}/cortex_m.ld ${folder}/memory.ld
        COMMENT "Firmware ${name}"
        VERBATIM)
    add_custom_target(${name}_firmware DEPENDS ${folder}/${name}.elf)
    add_dependencies(drone_firmwares ${name}_firmware)
endfunction()

# drone_firmware_test(test_target firmware...): the test finds them as DRONE_FIRMWARE_DIR "/<name>.elf" of "paths.hpp".
function(drone_firmware_test test)
    foreach(name IN LISTS ARGN)
        add_dependencies(${test} ${name}_firmware)
    endforeach()
endfunction()
