# find_package(drone): the library for firmwares and hosts. Here in the source tree as in an installation.
#
#   drone::heap        the heap, its trace and its log ports: headers <drone/...>, C++20, freestanding
#   drone::cortex_m    the same with what Cortex-M cores add: headers <cortex_m/...> and <uart/...>
#   drone::riscv       the same for RV32: headers <riscv/...> and <uart/...>
#   drone::host        the same for programs on Linux: headers <host/...>
#   drone::trace       the C tracer for a heap that is not ours: <drone_trace.h> (docs/trace_your_heap.md)
#   drone::trace_newlib, drone::trace_malloc   the same, of newlib's malloc, and of any other library's
#   drone_firmware(NAME SOURCE...)   a whole firmware, and drone_layout(TARGET): Drone.cmake
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/DroneTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Drone.cmake)
