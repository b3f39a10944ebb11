# How this house is built: one library a folder of host/, its tests under the same name in tests/.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

find_package(fmt REQUIRED)

# The firmwares that tests run do not depend on the host's compiler, so a build may take those of another build of this
# tree. It makes its own where that one is not there, or has no tests.
set(DRONE_FIRMWARES_OF "" CACHE PATH "A build of this tree whose firmwares the tests of this build run")
set(drone_firmware_build ${PROJECT_BINARY_DIR})
if(EXISTS "${DRONE_FIRMWARES_OF}/CMakeCache.txt")
    load_cache(${DRONE_FIRMWARES_OF} READ_WITH_PREFIX other_ DRONE_TESTS)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DRONE_FIRMWARES_OF}/CMakeCache.txt)
    if(other_DRONE_TESTS)
        set(drone_firmware_build ${DRONE_FIRMWARES_OF})
    endif()
endif()

if(DRONE_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    configure_file(${PROJECT_SOURCE_DIR}/tests/paths.hpp.in ${PROJECT_BINARY_DIR}/include/paths.hpp @ONLY)
endif()
if(DRONE_BENCH)
    find_package(benchmark REQUIRED)
endif()

# A whole build from nothing is faster with them precompiled; a compiler cache is worth more when most is there already.
option(DRONE_PRECOMPILE "Precompile what most sources include" OFF)
set(drone_heavy_headers
    <fmt/format.h> <algorithm> <array> <expected> <filesystem> <functional> <map> <memory> <optional> <span> <string>
        <vector>)

add_library(drone_options INTERFACE)
target_compile_options(drone_options INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(DRONE_TESTS)
    target_compile_options(drone_options INTERFACE -Werror)
endif()
if(CMAKE_UNITY_BUILD)
    # Of the names that a source has for itself, and another source of the batch, too.
    target_compile_options(drone_options INTERFACE -Wno-shadow)
endif()
if(DRONE_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # A false alarm of GCC 12 on std::string out of a precompiled header.
    target_compile_options(drone_options INTERFACE -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # libstdc++ 12's std::stable_sort calls std::get_temporary_buffer, which it deprecates itself.
    target_compile_options(drone_options INTERFACE -Wno-deprecated-declarations)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC bug 105651: false alarm on concatenated std::string.
    target_compile_options(drone_options INTERFACE -Wno-restrict)
endif()
if(DRONE_SANITIZE)
    target_compile_options(drone_options INTERFACE
        -fsanitize=${DRONE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(drone_options INTERFACE -fsanitize=${DRONE_SANITIZE})
endif()
if(DRONE_FUZZ)
    target_compile_options(drone_options INTERFACE
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(drone_options INTERFACE -fsanitize=address,undefined)
    add_custom_target(fuzzers)
endif()

# The target library, header-only, as hosts see it.
add_library(drone INTERFACE)
target_include_directories(drone INTERFACE ${PROJECT_SOURCE_DIR}/include)

# drone_apart(a.cpp ...)
# Presets that compile several sources as one (CMAKE_UNITY_BUILD) compile these alone: they have names of their own
# that other sources of their folder have, too.
function(drone_apart)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# drone_library(stage SOURCES a.cpp b.cpp [USES drone_x fmt::fmt ...])
# The library drone_<stage> of folder host/<stage>. Headers are included as "stage/name.hpp".
function(drone_library stage)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_library(drone_${stage} STATIC ${ARG_SOURCES})
    target_include_directories(drone_${stage} PUBLIC ${PROJECT_SOURCE_DIR}/host)
    if(NOT stage STREQUAL base)
        list(PREPEND ARG_USES drone_base)
    endif()
    target_link_libraries(drone_${stage} PUBLIC drone ${ARG_USES} PRIVATE drone_options)
    if(DRONE_PRECOMPILE AND stage STREQUAL base)
        target_precompile_headers(drone_base PRIVATE ${drone_heavy_headers})
    elseif(DRONE_PRECOMPILE)
        target_precompile_headers(drone_${stage} REUSE_FROM drone_base)
    endif()
endfunction()

# drone_test(stage SOURCES a_test.cpp ... [USES drone_x ...])
# A GoogleTest program <stage>_test, its cases found one by one by CTest as "<stage>: Suite.Case". They find
# files by "paths.hpp".
function(drone_test stage)
    if(NOT DRONE_TESTS)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${stage}_test ${ARG_SOURCES})
    # Tests are compiled more often than they run.
    target_compile_options(${stage}_test PRIVATE -O1)
    target_link_libraries(${stage}_test PRIVATE ${ARG_USES} GTest::gmock GTest::gtest_main drone_options)
    target_include_directories(${stage}_test PRIVATE ${PROJECT_BINARY_DIR}/include)
    set_target_properties(${stage}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    # Parameters have names; what a struct prints is its bytes.
    gtest_discover_tests(${stage}_test TEST_PREFIX "${stage}: " DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES)
endfunction()

# drone_bench(name SOURCES ... [USES ...]): a Google Benchmark program under bench/.
function(drone_bench name)
    if(NOT DRONE_BENCH)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name}_bench ${ARG_SOURCES})
    target_link_libraries(${name}_bench PRIVATE ${ARG_USES} benchmark::benchmark drone_options)
    set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endfunction()

# drone_fuzz(name SOURCES ... [USES ...]): a libFuzzer program <name>_fuzz, which ./just fuzz runs.
function(drone_fuzz name)
    if(NOT DRONE_FUZZ)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name}_fuzz ${ARG_SOURCES})
    target_link_libraries(${name}_fuzz PRIVATE ${ARG_USES} drone_options)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name}_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
    add_dependencies(fuzzers ${name}_fuzz)
endfunction()

# The folders of the house, lowest first: arrows only point downwards.
macro(drone_add_house)
    foreach(folder IN ITEMS
            host/base host/config host/frames host/stream host/trace host/usage host/layout host/report host/capture
            host/probe host/board host/cli adapters/linux
            tests bench)
        add_subdirectory(${folder})
    endforeach()
endmacro()
