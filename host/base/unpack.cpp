// SPDX-License-Identifier: MIT
#include "base/unpack.hpp"

#include <algorithm>
#include <initializer_list>
#include <zlib.h>
#include <zstd.h>

namespace drone::base {

namespace {

bool starts_with(std::span<const std::byte> bytes, std::initializer_list<unsigned> magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(), [](unsigned a, std::byte b) {
               return a == std::to_integer<unsigned>(b);
           });
}

/// Collects what comes out, up to a limit.
class collector {
public:
    collector(std::size_t chunk, std::size_t limit) : chunk_(chunk), limit_(limit) {}

    [[nodiscard]] std::span<std::byte> chunk() { return chunk_; }

    /// Takes the first `size` bytes of chunk(); false beyond the limit.
    bool take(std::size_t size) {
        if (size > limit_ - out.bytes.size()) {
            out = {.bytes = {}, .whole = false, .too_much = true};
            return false;
        }
        const auto end = chunk_.begin() + static_cast<std::ptrdiff_t>(size);
        out.bytes.insert(out.bytes.end(), chunk_.begin(), end);
        return true;
    }

    unpacked out;

private:
    std::vector<std::byte> chunk_;
    std::size_t limit_;
};

unpacked unpack_zstd(std::span<const std::byte> packed, std::size_t limit) {
    collector to(ZSTD_DStreamOutSize(), limit);
    ZSTD_DStream* const stream = ZSTD_createDStream();
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::size_t rest = 1; // of the frame, as zstd guesses; 0 at its end
    bool more = !packed.empty();
    while (more) {
        ZSTD_outBuffer piece{to.chunk().data(), to.chunk().size(), 0};
        rest = ZSTD_decompressStream(stream, &piece, &in);
        if (ZSTD_isError(rest) != 0 || !to.take(piece.pos)) break;
        more = in.pos < in.size || piece.pos == piece.size;
    }
    ZSTD_freeDStream(stream);
    to.out.whole = rest == 0 && !to.out.too_much;
    return std::move(to.out);
}

unpacked unpack_gzip(std::span<const std::byte> packed, std::size_t limit) {
    collector to(std::size_t{1} << 17U, limit);
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    if (inflateInit2(&stream, gzip_window) != Z_OK) return {};
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
        stream.next_out = reinterpret_cast<Bytef*>(to.chunk().data());
        stream.avail_out = static_cast<uInt>(to.chunk().size());
        state = inflate(&stream, Z_NO_FLUSH);
        if (!to.take(to.chunk().size() - stream.avail_out)) break;
        const bool another_member =
            state == Z_STREAM_END && stream.avail_in + (packed.size() - at) != 0;
        if (another_member) state = inflateReset(&stream);
    }
    inflateEnd(&stream);
    to.out.whole = state == Z_STREAM_END && !to.out.too_much;
    return std::move(to.out);
}

} // namespace

packing packing_of(std::span<const std::byte> bytes) noexcept {
    if (starts_with(bytes, {0x28, 0xB5, 0x2F, 0xFD})) return packing::zstd;
    if (starts_with(bytes, {0x1F, 0x8B, 0x08})) return packing::gzip;
    return packing::none;
}

unpacked unpack(std::span<const std::byte> packed, packing how, std::size_t limit) {
    return how == packing::zstd ? unpack_zstd(packed, limit) : unpack_gzip(packed, limit);
}

} // namespace drone::base
