# What can be done here. `./just RECIPE` installs what a recipe lacks; `just RECIPE` is the same afterwards.

set shell := ["bash", "-euo", "pipefail", "-c"]

export PATH := justfile_directory() / "build/bin:" + env("PATH")

# The recipes
default:
    @just --list --unsorted

# The whole loop of the README on the virtual board, each command shown, in a scratch folder
demo: build
    tests/e2e/demo

# The tool and the virtual board: build/bin/drone, build/bin/drone-board
build:
    cmake --preset tool
    cmake --build build --target drone_tool drone_board drone_documentation

# Every test: first the host's under sanitizers, then all
test:
    cmake/install-packages test
    cmake --preset host
    cmake --build build
    cmake --preset sanitize
    cmake --build build/sanitize
    ctest --preset sanitize
    ctest --preset host

# The tests that take long: faults planted in the library, each of which a test must find
slow:
    cmake/install-packages test
    cmake --preset host
    ctest --preset slow

# Writes today's sessions, tables and figures into README and docs; `ctest -R docs` compares them
docs: build
    cmake/install-packages test bench
    cmake --preset host -DDRONE_BENCH=ON
    cmake --build build --target heap_bench region_bench wire_bench region_bench
    tests/docs/renew

# Benchmarks, each once: build/bench
bench *arguments:
    cmake/install-packages test bench
    cmake --preset host -DDRONE_BENCH=ON
    cmake --build build
    for program in build/bench/*_bench; do echo "== $program"; "$program" {{ arguments }}; done

# Fuzzers, each for so many seconds: build/fuzz
fuzz seconds="60":
    cmake/install-packages fuzz
    cmake --preset fuzz
    cmake --build build/fuzz --target fuzzers
    mkdir -p build/fuzz/found
    for program in build/fuzz/fuzzers/*_fuzz; do \
        name=$(basename "$program" _fuzz); echo "== $name"; mkdir -p "build/fuzz/found/$name"; \
        "$program" -max_total_time={{ seconds }} -print_final_stats=1 "build/fuzz/found/$name" "tests/fuzz/corpus/$name"; \
    done

# The API reference of include/ and arch/: build/api/html/index.html
api:
    cmake/install-packages lint
    tests/docs/api

# What can be checked without building: layout of the code, shell, CMake, API reference, links of the docs
check:
    cmake/install-packages lint
    git ls-files '*.hpp' '*.cpp' '*.h' '*.c' | xargs clang-format-19 --dry-run --Werror
    git ls-files | xargs grep -lE '^#!.*\b(ba)?sh' | xargs shellcheck
    # A job that outlives its script keeps ctest waiting; tests/scratch.sh ends it
    ! git grep -IlE '(^|[^&;])& *$' -- tests ':!*.cpp' ':!*.hpp' ':!*.c' ':!*.h' | xargs grep -LE '/(lib|scratch)\.sh"' | grep .
    mkdir -p build
    git ls-files '*CMakeLists.txt' '*.cmake' ':!templates' | xargs cmake-lint > build/cmake-lint.log || { cat build/cmake-lint.log; exit 1; }
    tests/docs/api
    tests/docs/links
    tests/docs/renew --lines

# All of `check`, and clang-tidy over all sources but the tests'
lint: check tidy

# clang-tidy over these files and folders; without any, over all sources but the tests'
tidy *sources:
    cmake/install-packages test lint
    cmake --preset host
    cmake --preset sanitize
    cmake/tidy {{ sources }}

# Lays out the code as `lint` wants it
format:
    cmake/install-packages lint
    git ls-files '*.hpp' '*.cpp' '*.h' '*.c' | xargs clang-format-19 -i

# A Debian package and an archive of the tool, its files and the library: build/drone_*.deb
package: build
    cmake/install-packages package
    cmake --build build
    cd build && cpack

# Throws every build away, the tools fetched for it included
clean:
    rm -rf build
