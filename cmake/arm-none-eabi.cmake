# Toolchain for ARM Cortex-M: arm-none-eabi-g++ with newlib.
#
# DRONE_CPU: cortex-m0, cortex-m0plus, cortex-m3, cortex-m4 (default), cortex-m7, cortex-m33.
# The float ABI follows from it: hardware where the core has an FPU; DRONE_FLOAT=soft says
# otherwise, and DRONE_FLOAT=single that a cortex-m7 has the smaller FPU.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(DRONE_CPU cortex-m4 CACHE STRING "Cortex-M core to compile for")
set(DRONE_FLOAT "" CACHE STRING "soft: no FPU instructions; single: no double ones; empty: what the core has")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DRONE_CPU DRONE_FLOAT)

include(${CMAKE_CURRENT_LIST_DIR}/CortexM.cmake)
drone_cortex_m_flags(flags "${DRONE_CPU}" "${DRONE_FLOAT}")
list(JOIN flags " " flags)
set(CMAKE_C_FLAGS_INIT "${flags}")
set(CMAKE_CXX_FLAGS_INIT "${flags} -fno-exceptions -fno-rtti -fno-threadsafe-statics")
set(CMAKE_ASM_FLAGS_INIT "${flags}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles -Wl,--gc-sections -Wl,--fatal-warnings")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
