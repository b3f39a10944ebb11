# The version, from include/drone/version.hpp. Until 1.0 a minor version may break what the one before allowed.
include(${CMAKE_CURRENT_LIST_DIR}/DroneTargets.cmake)
set(PACKAGE_VERSION ${DRONE_VERSION})
string(REGEX MATCH "^[0-9]+\\.[0-9]+" _series ${DRONE_VERSION})
if(PACKAGE_FIND_VERSION VERSION_GREATER DRONE_VERSION
   OR NOT "${PACKAGE_FIND_VERSION_MAJOR}.${PACKAGE_FIND_VERSION_MINOR}" STREQUAL _series)
    set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
    if(PACKAGE_FIND_VERSION VERSION_EQUAL DRONE_VERSION)
        set(PACKAGE_VERSION_EXACT TRUE)
    endif()
endif()
