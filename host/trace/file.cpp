// SPDX-License-Identifier: MIT

#include "trace/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace drone::trace {

namespace {

std::string reason(int code) { return std::generic_category().message(code); }

class descriptor {
public:
    explicit descriptor(const std::filesystem::path& path)
        : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

bool starts_with(std::span<const std::byte> bytes, std::initializer_list<unsigned> magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(), [](unsigned a, std::byte b) {
               return a == std::to_integer<unsigned>(b);
           });
}

/// What unpacking gave; `whole` is false when the input ended, or went bad, before its own end.
struct unpacked {
    std::vector<std::byte> bytes;
    bool whole = false;
};

unpacked unpack_zstd(std::span<const std::byte> packed) {
    unpacked out;
    ZSTD_DStream* const stream = ZSTD_createDStream();
    std::vector<std::byte> chunk(ZSTD_DStreamOutSize());
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::size_t rest = 1; // of the frame, as zstd guesses; 0 at its end
    bool more = !packed.empty();
    while (more) {
        ZSTD_outBuffer piece{chunk.data(), chunk.size(), 0};
        rest = ZSTD_decompressStream(stream, &piece, &in);
        if (ZSTD_isError(rest) != 0) break;
        out.bytes.insert(
            out.bytes.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(piece.pos)
        );
        more = in.pos < in.size || piece.pos == piece.size;
    }
    ZSTD_freeDStream(stream);
    out.whole = rest == 0;
    return out;
}

unpacked unpack_gzip(std::span<const std::byte> packed) {
    unpacked out;
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    if (inflateInit2(&stream, gzip_window) != Z_OK) return out;
    std::vector<std::byte> chunk(std::size_t{1} << 17U);
    std::size_t at = 0;
    int state = Z_OK;
    while (state == Z_OK || state == Z_BUF_ERROR) {
        if (stream.avail_in == 0) {
            const std::size_t piece = std::min<std::size_t>(packed.size() - at, 1U << 24U);
            if (piece == 0) break;
            // zlib's interface is not const-correct; it does not write here.
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + at));
            stream.avail_in = static_cast<uInt>(piece);
            at += piece;
        }
        stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
        stream.avail_out = static_cast<uInt>(chunk.size());
        state = inflate(&stream, Z_NO_FLUSH);
        const std::size_t made = chunk.size() - stream.avail_out;
        out.bytes.insert(
            out.bytes.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made)
        );
        const bool another_member =
            state == Z_STREAM_END && stream.avail_in + (packed.size() - at) != 0;
        if (another_member) state = inflateReset(&stream);
    }
    inflateEnd(&stream);
    out.whole = state == Z_STREAM_END;
    return out;
}

result<std::vector<std::byte>> read_all(int number, const std::filesystem::path& path) {
    std::vector<std::byte> bytes;
    std::array<std::byte, 1U << 16U> chunk{};
    for (;;) {
        const ssize_t got = ::read(number, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(fmt::format("{}: {}", path.string(), reason(errno)));
        if (got == 0) return bytes;
        bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
    }
}

} // namespace

file_bytes::~file_bytes() {
    if (!mapping_.empty()) ::munmap(mapping_.data(), mapping_.size());
}

void file_bytes::swap(file_bytes& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(mapping_, other.mapping_);
    std::swap(unpacked_, other.unpacked_);
    std::swap(is_cut_, other.is_cut_);
}

void file_bytes::release(std::size_t end) const {
    if (bytes_.data() != mapping_.data()) return;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    // A private mapping that is never written: the pages come back from the file.
    ::madvise(mapping_.data(), std::min(end, mapping_.size()) / page * page, MADV_DONTNEED);
}

result<file_bytes> file_bytes::open(const std::filesystem::path& path) {
    const descriptor opened(path);
    if (opened.number() < 0) {
        if (errno == ENOENT)
            return fail(fmt::format(
                "{}: no such file; `just heaptrace` makes one, -f FILE names another", path.string()
            ));
        return fail(fmt::format("{}: {}", path.string(), reason(errno)));
    }
    struct stat status{};
    if (::fstat(opened.number(), &status) != 0)
        return fail(fmt::format("{}: {}", path.string(), reason(errno)));
    if (S_ISDIR(status.st_mode))
        return fail(fmt::format("{}: is a directory; -f names a heaptrace file", path.string()));

    file_bytes file;
    if (!S_ISREG(status.st_mode)) {
        auto bytes = read_all(opened.number(), path);
        if (!bytes) return std::unexpected(bytes.error());
        file.unpacked_ = std::move(*bytes);
        file.bytes_ = file.unpacked_;
    } else if (status.st_size != 0) {
        const auto size = static_cast<std::size_t>(status.st_size);
        void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.number(), 0);
        if (memory == MAP_FAILED) return fail(fmt::format("{}: {}", path.string(), reason(errno)));
        ::madvise(memory, size, MADV_SEQUENTIAL);
        file.mapping_ = {static_cast<std::byte*>(memory), size};
        file.bytes_ = file.mapping_;
    }

    const bool zstd = starts_with(file.bytes_, {0x28, 0xB5, 0x2F, 0xFD});
    const bool gzip = starts_with(file.bytes_, {0x1F, 0x8B, 0x08});
    if (zstd || gzip) {
        unpacked out = zstd ? unpack_zstd(file.bytes_) : unpack_gzip(file.bytes_);
        if (out.bytes.empty())
            return fail(fmt::format(
                "{}: begins as {} data, but nothing of it can be unpacked; capture it again",
                path.string(),
                zstd ? "zstd" : "gzip"
            ));
        file.unpacked_ = std::move(out.bytes);
        file.bytes_ = file.unpacked_;
        file.is_cut_ = !out.whole;
    }
    return file;
}

} // namespace drone::trace
