// SPDX-License-Identifier: MIT
#pragma once

// toml++ as config/ uses it: parse errors are values. Every file that includes toml++ does so here.

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
