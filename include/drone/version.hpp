// SPDX-License-Identifier: MIT
#pragma once

// The version of this library, and of the tool that belongs to it. CMake reads it from here, and the
// tag of a release is `v` and these three numbers. What a change of each means: CHANGELOG.md.
//
// The format of the trace has a version of its own, drone::wire::version (wire.hpp): a newer library
// may write the same format, and the tool reads every older one.

#define DRONE_VERSION_MAJOR 0
#define DRONE_VERSION_MINOR 1
#define DRONE_VERSION_PATCH 0

/// For `#if DRONE_VERSION >= 102`: two digits for minor and patch each, 0.1.2 is 102.
#define DRONE_VERSION                                                                              \
    (DRONE_VERSION_MAJOR * 10000 + DRONE_VERSION_MINOR * 100 + DRONE_VERSION_PATCH)
