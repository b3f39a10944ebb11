# `cmake --install` and, with `cpack`, packages. What is installed may be moved as a whole: the tool finds its files in
# ../share/drone and ../include/drone, and nothing names the place it was built in.
include(GNUInstallDirs)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/drone)
set(files ${CMAKE_INSTALL_DATAROOTDIR}/drone)

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

if(DRONE_BUILD_TOOLS)
    # Manual pages and completion, made from the commands' own help.
    set(made ${PROJECT_BINARY_DIR}/documentation)
    add_custom_command(
        OUTPUT ${made}/made
        COMMAND ${CMAKE_COMMAND} -DTOOL=$<TARGET_FILE:drone_tool> -DFOLDER=${made}
                -P ${PROJECT_SOURCE_DIR}/cmake/make_documentation.cmake
        DEPENDS drone_tool ${PROJECT_SOURCE_DIR}/cmake/make_documentation.cmake
        COMMENT "Manual pages and completion"
        VERBATIM)
    add_custom_target(drone_documentation ALL DEPENDS ${made}/made)
    install(TARGETS drone_tool drone_board RUNTIME)
    install(TARGETS drone_trace_preload LIBRARY)
    install(DIRECTORY ${made}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(FILES ${made}/drone.bash DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME drone)
    install(FILES ${made}/drone.zsh DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions RENAME _drone)
    install(FILES ${made}/drone.fish DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d)
endif()

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME drone)
set(CPACK_PACKAGE_CONTACT "The Drone for C++ maintainers <maintainers@users.noreply.r-seed-cc67cabb.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Real-time heap for microcontrollers, cut to measure from a trace")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "cmake, gcc-arm-none-eabi, libnewlib-arm-none-eabi, libstdc++-arm-none-eabi-newlib, ninja-build")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gdb-multiarch, openocd")
include(CPack)
