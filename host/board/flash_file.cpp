// SPDX-License-Identifier: MIT

#include "board/flash_file.hpp"

#include "board/memory_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace drone::board {

result<std::vector<std::uint8_t>> flash_image(const firmware& program) {
    std::vector<std::uint8_t> image(flash_size, 0xFF);
    for (const segment& part : program.segments) {
        const std::uint64_t end = std::uint64_t{part.address} + part.bytes.size();
        if (part.address < flash_origin || end > std::uint64_t{flash_origin} + flash_size) {
            return fail(fmt::format(
                "the firmware has a segment of {} bytes at {:#010x}, outside the board's flash "
                "{:#010x}..{:#010x}; link it for this board",
                part.bytes.size(),
                part.address,
                flash_origin,
                flash_origin + flash_size - 1
            ));
        }
        std::ranges::copy(part.bytes, image.begin() + (part.address - flash_origin));
    }
    return image;
}

result<void>
write_flash(const std::filesystem::path& path, const std::vector<std::uint8_t>& image) {
    std::filesystem::path temporary = path;
    temporary += fmt::format(".{}.new", ::getpid());
    const auto give_up = [&](std::string why) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        return fail(fmt::format("cannot write the flash file {}: {}", path.string(), why));
    };
    {
        std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
        if (!stream) return give_up(std::strerror(errno));
        stream.write(
            reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size())
        );
        stream.flush();
        if (!stream) return give_up(std::strerror(errno));
    }
    const auto written = read_flash(temporary);
    if (!written) return give_up(written.error().message);
    const auto [differs, expected] = std::ranges::mismatch(*written, image);
    if (differs != written->end()) {
        return give_up(fmt::format(
            "verification failed at {:#010x}: {:#04x} where {:#04x} was written",
            flash_origin + static_cast<std::uint32_t>(differs - written->begin()),
            *differs,
            *expected
        ));
    }
    std::error_code status;
    std::filesystem::rename(temporary, path, status);
    if (status) return give_up(status.message());
    return {};
}

result<std::vector<std::uint8_t>> read_flash(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        return fail(fmt::format(
            "cannot read the flash file {}: {}; flash a firmware first",
            path.string(),
            std::strerror(errno)
        ));
    }
    // One byte more than fits tells a longer file apart.
    std::vector<std::uint8_t> image(flash_size + 1);
    stream.read(reinterpret_cast<char*>(image.data()), static_cast<std::streamsize>(image.size()));
    if (const auto size = stream.gcount(); size != flash_size) {
        return fail(fmt::format(
            "{} is no flash file of this board: {} {} bytes where the flash has {}; flash again",
            path.string(),
            size > flash_size ? "more than" : "",
            size > flash_size ? flash_size : size,
            flash_size
        ));
    }
    image.pop_back();
    return image;
}

} // namespace drone::board
