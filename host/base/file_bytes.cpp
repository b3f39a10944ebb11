// SPDX-License-Identifier: MIT
#include "base/file_bytes.hpp"

#include "base/bus_errors.hpp"
#include "base/errno.hpp"
#include "base/unpack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace drone::base {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

/// Beyond this many times its size, a packed file is a bomb. Traces pack some ten to fifty times.
constexpr std::size_t most_packed = 1000;
constexpr std::size_t always_unpacked = 16 * mebibyte;

result<std::vector<std::byte>> read_piped(int file, const std::string& name) {
    std::vector<std::byte> bytes;
    std::array<std::byte, 1U << 16U> chunk{};
    for (;;) {
        const ssize_t got = ::read(file, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_with_errno(name, errno);
        if (got == 0) return bytes;
        bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
        if (bytes.size() > piped_bytes_limit)
            return fail(fmt::format(
                "{}: is not a file and gives more than {} MiB; write it to a file and name that "
                "file",
                name,
                piped_bytes_limit / mebibyte
            ));
    }
}

} // namespace

file_bytes::~file_bytes() {
    if (mapping_.empty()) return;
    unwatch_mapping(mapping_);
    ::munmap(mapping_.data(), mapping_.size());
}

void file_bytes::swap(file_bytes& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(mapping_, other.mapping_);
    std::swap(in_memory_, other.in_memory_);
    std::swap(file_, other.file_);
    std::swap(is_incomplete_, other.is_incomplete_);
}

bool file_bytes::was_cut() const {
    if (mapping_.empty()) return false;
    if (mapping_failed(mapping_)) return true;
    struct stat now{};
    return ::fstat(file_.get(), &now) == 0 &&
           static_cast<std::size_t>(now.st_size) < mapping_.size();
}

void file_bytes::release(std::size_t end) const {
    if (mapping_.empty() || bytes_.data() != mapping_.data()) return;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    // A private mapping that is never written: the pages come back from the file.
    ::madvise(mapping_.data(), std::min(end, mapping_.size()) / page * page, MADV_DONTNEED);
}

result<void> file_bytes::map(const std::filesystem::path& path, std::size_t size) {
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file_.get(), 0);
    if (memory == MAP_FAILED) return fail_with_errno(path.string(), errno);
    mapping_ = {static_cast<std::byte*>(memory), size};
    if (!watch_mapping(mapping_))
        return fail(fmt::format("{}: too many files are open at once", path.string()));
    ::madvise(memory, size, MADV_SEQUENTIAL);
    bytes_ = mapping_;
    return {};
}

result<void> file_bytes::unpack(const std::filesystem::path& path) {
    const packing how = packing_of(bytes_);
    if (how == packing::none) return {};
    const std::string_view format = how == packing::zstd ? "zstd" : "gzip";
    const std::size_t limit = always_unpacked + most_packed * bytes_.size();
    unpacked out = base::unpack(bytes_, how, limit);
    if (out.too_much)
        return fail(fmt::format(
            "{}: {} bytes of {} data unpack to more than {} MiB; no heap trace does. Unpack it "
            "yourself if it is one, and name what comes out",
            path.string(),
            bytes_.size(),
            format,
            limit / mebibyte
        ));
    if (out.bytes.empty())
        return fail(fmt::format(
            "{}: begins as {} data, but nothing of it can be unpacked; capture it again",
            path.string(),
            format
        ));
    in_memory_ = std::move(out.bytes);
    bytes_ = in_memory_;
    is_incomplete_ = !out.whole;
    return {};
}

result<file_bytes> file_bytes::open(const std::filesystem::path& path) {
    file_bytes file;
    file.file_ = descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.file_) return fail_with_errno(path.string(), errno);
    struct stat status{};
    if (::fstat(file.file_.get(), &status) != 0) return fail_with_errno(path.string(), errno);
    if (S_ISDIR(status.st_mode))
        return fail(fmt::format("{}: is a directory; name a file", path.string()));

    if (!S_ISREG(status.st_mode)) {
        auto bytes = read_piped(file.file_.get(), path.string());
        if (!bytes) return std::unexpected(bytes.error());
        file.in_memory_ = *std::move(bytes);
        file.bytes_ = file.in_memory_;
    } else if (status.st_size != 0) {
        if (auto mapped = file.map(path, static_cast<std::size_t>(status.st_size)); !mapped)
            return std::unexpected(mapped.error());
    }
    if (auto done = file.unpack(path); !done) return std::unexpected(done.error());
    return file;
}

} // namespace drone::base
