// SPDX-License-Identifier: MIT

#include "board/flash_file.hpp"

#include "base/errno.hpp"
#include "base/file.hpp"
#include "board/memory_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

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
    const std::string_view bytes(reinterpret_cast<const char*>(image.data()), image.size());
    if (const auto written = base::replace_file(path, bytes); !written)
        return fail("cannot write the flash file " + written.error().message);
    const auto read = read_flash(path);
    if (!read) return std::unexpected(read.error());
    const auto [differs, expected] = std::ranges::mismatch(*read, image);
    if (differs == read->end()) return {};
    return fail(fmt::format(
        "{}: verification failed at {:#010x}: {:#04x} where {:#04x} was written",
        path.string(),
        flash_origin + static_cast<std::uint32_t>(differs - read->begin()),
        *differs,
        *expected
    ));
}

result<std::vector<std::uint8_t>> read_flash(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        return fail(fmt::format(
            "cannot read the flash file {}: {}; flash a firmware first",
            path.string(),
            base::errno_text(errno)
        ));
    }
    // One byte more than fits shows a longer file.
    std::vector<std::uint8_t> image(flash_size + 1);
    stream.read(reinterpret_cast<char*>(image.data()), static_cast<std::streamsize>(image.size()));
    if (const auto size = stream.gcount(); size != flash_size) {
        return fail(fmt::format(
            "{} is not a flash file of this board: it has {}{} bytes, and the flash has {}; flash again",
            path.string(),
            size > flash_size ? "more than " : "",
            size > flash_size ? flash_size : size,
            flash_size
        ));
    }
    image.pop_back();
    return image;
}

} // namespace drone::board
