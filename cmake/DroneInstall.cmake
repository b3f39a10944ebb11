# `cmake --install` and, with `cpack`, packages. What is installed may be moved as a whole: the tool finds its files in
# ../share/drone and ../include/drone, and nothing names the place it was built in.
include(GNUInstallDirs)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/drone)
set(files ${CMAKE_INSTALL_DATAROOTDIR}/drone)
set(contact "The Drone for C++ maintainers <maintainers@users.noreply.r-seed-cc67cabb.example>")

install(DIRECTORY include/drone DESTINATION ${headers})
install(FILES include/drone_trace.h DESTINATION ${headers})
install(DIRECTORY adapters arch gdb src DESTINATION ${files} PATTERN __pycache__ EXCLUDE)
install(DIRECTORY templates DESTINATION ${files} USE_SOURCE_PERMISSIONS)
install(FILES
    cmake/CortexM.cmake
    cmake/Drone.cmake
    cmake/DroneTargets.cmake
    cmake/arm-none-eabi.cmake
    cmake/drone-config-version.cmake
    cmake/drone-config.cmake
    DESTINATION ${files}/cmake)
install(PROGRAMS cmake/link_twice DESTINATION ${files}/cmake)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES cmake/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME drone)

if(DRONE_BUILD_TOOLS)
    # Manual pages and completion, made from the commands' own help, and the changelog that Debian's tools read.
    set(made ${PROJECT_BINARY_DIR}/documentation)
    add_custom_command(
        OUTPUT ${made}/made
        COMMAND ${CMAKE_COMMAND} -DTOOL=$<TARGET_FILE:drone_tool> -DBOARD=$<TARGET_FILE:drone_board>
                -DVERSION=${PROJECT_VERSION} -DCONTACT=${contact} -DFOLDER=${made}
                -P ${PROJECT_SOURCE_DIR}/cmake/make_documentation.cmake
        DEPENDS drone_tool drone_board ${PROJECT_SOURCE_DIR}/cmake/make_documentation.cmake
        COMMENT "Manual pages and completion"
        VERBATIM)
    add_custom_target(drone_documentation ALL DEPENDS ${made}/made)
    install(TARGETS drone_tool drone_board RUNTIME)
    # LD_PRELOAD names it by its path; no program is linked with it.
    install(TARGETS drone_trace_preload LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/drone)
    install(FILES ${made}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
    install(DIRECTORY ${made}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(FILES ${made}/drone.bash DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME drone)
    install(FILES ${made}/drone.zsh DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions RENAME _drone)
    install(FILES ${made}/drone.fish DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d)
endif()

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME drone)
set(CPACK_PACKAGE_CONTACT ${contact})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Real-time heap for microcontrollers, cut to measure from a trace")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A heap of fixed pools, and of a region where a program wants one, for
Cortex-M and RISC-V. Each operation takes a bounded time, and interrupts may
use it. The tool traces the heap of the real program, shows what it did, and
lays out the pools. A virtual board runs all of it without hardware.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "cmake, gcc-arm-none-eabi, just, libnewlib-arm-none-eabi, libstdc++-arm-none-eabi-newlib, ninja-build")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gdb-multiarch, openocd")
include(CPack)
