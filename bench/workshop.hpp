// SPDX-License-Identifier: MIT
#pragma once

// What benchmarks of firmware share: a scratch folder in which the tools of this build are run, and
// the project that a new user begins with in it.

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace drone::bench {

/// `NAME.work` in the build's bench folder, empty at first. The program is NAME_bench.
class workshop {
public:
    explicit workshop(std::string_view name)
        : name_(name),
          folder_(
              std::filesystem::path(DRONE_BINARY_DIR) / "bench" / (std::string(name) + ".work")
          ) {}

    /// Throws away what an earlier run left.
    void clear() const {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::filesystem::path project() const { return folder_ / "app"; }

    /// One line on standard error, exit code 1.
    [[noreturn]] void give_up(const std::string& why) const {
        fmt::print(stderr, "{}_bench: {}\n", name_, why);
        std::exit(1);
    }

    /// Runs a shell command in `where`; its output goes to a log.
    void run(const std::filesystem::path& where, const std::string& command) const {
        const std::string log = (folder_ / "log").string();
        const std::string whole = fmt::format(
            "cd '{}' && export PATH='{}/bin':$PATH && {{ {} ; }} >> '{}' 2>&1",
            where.string(),
            DRONE_BINARY_DIR,
            command,
            log
        );
        if (std::system(whole.c_str()) != 0)
            give_up(fmt::format("failed: {} (see {})", command, log));
    }

    /// A new project, built with these features.
    void new_project(std::string_view features) const {
        run(folder_, "drone new app --board virtual-m4 --pools-only");
        run(project(),
            fmt::format(
                "cmake -B build -G Ninja -DDRONE_FEATURES='{}' && cmake --build build", features
            ));
    }

private:
    std::string name_;
    std::filesystem::path folder_;
};

} // namespace drone::bench
