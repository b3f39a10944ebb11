// SPDX-License-Identifier: MIT
#pragma once

// A fresh folder for a test, gone afterwards, and small files in it.

#include "../base/scratch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace drone::probe {

class Scratch : public testing::Test {
protected:
    [[nodiscard]] std::filesystem::path
    write(std::string_view name, std::string_view contents) const {
        const std::filesystem::path file = folder_ / name;
        std::ofstream(file, std::ios::binary) << contents;
        return file;
    }

    /// A shell script that can be run.
    [[nodiscard]] std::filesystem::path
    write_script(std::string_view name, const std::string& body) const {
        const std::filesystem::path file = write(name, "#!/bin/sh\n" + body);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return file;
    }

    [[nodiscard]] std::string read(std::string_view name) const {
        std::ifstream in(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    base::scratch scratch_;

protected:
    const std::filesystem::path folder_ = scratch_.path();
};

} // namespace drone::probe
