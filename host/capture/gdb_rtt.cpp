// SPDX-License-Identifier: MIT

// RTT through a gdb server as a source: finds the control block, and empties its up-buffer again and
// again, with the target stopped for each look.

#include "base/bytes.hpp"
#include "capture/gdb_remote.hpp"
#include "capture/patient_write.hpp"
#include "capture/transports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace drone::capture {

namespace {

constexpr std::string_view block_id{"SEGGER RTT\0\0\0\0\0\0", 16};
constexpr std::chrono::milliseconds least_pause{10}; ///< between two looks
constexpr std::chrono::seconds patience{3};          ///< with a reader, after the end
constexpr std::uint32_t chunk = 1024;                ///< bytes of memory a packet
constexpr std::uint32_t most_ups = 64;               ///< a block with more is none

struct place {
    std::string server;
    std::uint32_t origin = 0x2000'0000;
    std::uint32_t size = 0x2'0000;
};

std::optional<std::uint32_t> number(std::string_view text) {
    const bool hex = text.starts_with("0x");
    if (hex) text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// `HOST:PORT` or `HOST:PORT,ORIGIN+SIZE`.
result<place> parse_place(const std::string& text) {
    const std::size_t comma = text.find(',');
    place found{.server = text.substr(0, comma)};
    if (comma == std::string::npos) return found;
    const std::size_t plus = text.find('+', comma);
    const auto origin = number(std::string_view(text).substr(comma + 1, plus - comma - 1));
    const auto size =
        plus == std::string::npos ? std::nullopt : number(std::string_view(text).substr(plus + 1));
    if (!origin || !size || *size < block_id.size())
        return fail(fmt::format(
            "\"{}\" is not a memory; write gdb:HOST:PORT,ORIGIN+SIZE, such as "
            "gdb:localhost:1234,0x20000000+0x20000",
            text.substr(comma + 1)
        ));
    found.origin = *origin;
    found.size = *size;
    return found;
}

std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
    return base::load_le<std::uint32_t>(bytes.data() + at);
}

/// The reader of one up-buffer. Each call expects a stopped target.
class rtt_reader {
public:
    rtt_reader(gdb_remote& target, const place& where) : target_(target), where_(where) {}

    /// Whether the block was found. Our own channel is called "drone"; else it is the first.
    result<bool> find() {
        const auto memory = read(where_.origin, where_.size, true);
        if (!memory) return std::unexpected(memory.error());
        auto at = memory->begin();
        for (;; ++at) {
            at = std::search(at, memory->end(), block_id.begin(), block_id.end());
            if (memory->end() - at < 24) return false;
            const auto offset = static_cast<std::size_t>(at - memory->begin());
            const std::uint32_t ups = word(*memory, offset + 16);
            if (ups == 0 || ups > most_ups) continue;
            const auto block = where_.origin + static_cast<std::uint32_t>(offset);
            up_ = block + 24;
            for (std::uint32_t channel = 0; channel < ups; ++channel) {
                const std::uint32_t up = block + 24 + 24 * channel;
                const auto name = target_.read_word(up);
                if (!name) return std::unexpected(name.error());
                const auto text = target_.read(*name, 6);
                if (text && std::ranges::equal(*text, std::string_view("drone\0", 6))) up_ = up;
            }
            return true;
        }
    }

    /// Everything in the buffer.
    result<std::vector<std::uint8_t>> take() {
        const auto up = target_.read(up_, 24);
        if (!up) return std::unexpected(up.error());
        if (up->size() != 24) return fail("the RTT block cannot be read");
        const std::uint32_t bytes = word(*up, 4);
        const std::uint32_t size = word(*up, 8);
        const std::uint32_t written = word(*up, 12);
        const std::uint32_t from = word(*up, 16);
        if (written == from || size == 0) return std::vector<std::uint8_t>{};
        if (written >= size || from >= size) return fail("the RTT block is damaged");
        auto got = read(bytes + from, (written > from ? written : size) - from);
        if (!got) return got;
        if (written < from && written != 0) {
            const auto rest = read(bytes, written);
            if (!rest) return std::unexpected(rest.error());
            got->insert(got->end(), rest->begin(), rest->end());
        }
        if (auto stored = target_.write_word(up_ + 16, written); !stored)
            return std::unexpected(stored.error());
        return got;
    }

private:
    /// With `as_far_as_it_goes`, up to where the memory ends.
    result<std::vector<std::uint8_t>>
    read(std::uint32_t address, std::uint32_t size, bool as_far_as_it_goes = false) {
        std::vector<std::uint8_t> all;
        while (size != 0) {
            auto part = target_.read(address, std::min(size, chunk));
            if (!part && as_far_as_it_goes && !all.empty()) return all;
            if (!part) return part;
            const auto got = static_cast<std::uint32_t>(part->size());
            if (got > size) return fail("the gdb server sent more memory than was asked for");
            all.insert(all.end(), part->begin(), part->end());
            address += got;
            size -= got;
        }
        return all;
    }

    gdb_remote& target_;
    place where_;
    std::uint32_t up_ = 0;
};

class gdb_rtt_source : public descriptor_source {
public:
    gdb_rtt_source(
        base::descriptor bytes,
        base::descriptor to,
        base::descriptor end,
        gdb_remote target,
        place where
    )
        : descriptor_source(std::move(bytes), {.name = "RTT by the gdb server at " + where.server}),
          end_(std::move(end)), target_(std::move(target)), where_(std::move(where)),
          thread_([this, to = std::move(to)]() mutable {
              run(to.get());
              to.close();
          }) {}
    gdb_rtt_source(const gdb_rtt_source&) = delete;
    gdb_rtt_source& operator=(const gdb_rtt_source&) = delete;
    ~gdb_rtt_source() override { gdb_rtt_source::stop(); }

    bool stop() override {
        const std::uint64_t one = 1;
        return ::write(end_.get(), &one, sizeof one) == sizeof one;
    }
    [[nodiscard]] result<std::string> close() override {
        stop();
        if (thread_.joinable()) thread_.join();
        if (!failure_.empty()) return fail(failure_);
        return std::string();
    }

private:
    /// Waits; whether the capture is to end.
    [[nodiscard]] bool ends_in(std::chrono::milliseconds time) const {
        pollfd end{.fd = end_.get(), .events = POLLIN, .revents = 0};
        return ::poll(&end, 1, static_cast<int>(time.count())) != 0;
    }

    void run(int to) {
        rtt_reader reader(target_, where_);
        bool found = false;
        // The target runs for as long as a look stops it, so that a slow server does not starve it.
        std::chrono::milliseconds pause = least_pause;
        for (bool stopped = true, ends = false;; ends = ends_in(pause)) {
            const auto began = std::chrono::steady_clock::now();
            if (!stopped)
                if (const auto done = target_.interrupt(); !done) return give_up(done.error());
            stopped = false;
            if (!found) {
                const auto known = reader.find();
                if (!known) return give_up(known.error());
                found = *known;
            }
            if (found) {
                const auto bytes = reader.take();
                if (!bytes) return give_up(bytes.error());
                if (!patient_write(to, end_.get(), *bytes, patience)) ends = true;
            }
            if (ends) break;
            pause = std::max(
                least_pause,
                std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::steady_clock::now() - began
                )
            );
            if (const auto done = target_.resume(); !done) return give_up(done.error());
        }
        target_.detach();
        if (!found)
            failure_ = fmt::format(
                "no RTT control block in {:#x} bytes from {:#010x}; has the program begun its log, and "
                "is its RAM there?",
                where_.size,
                where_.origin
            );
    }

    void give_up(const error& why) { failure_ = why.message; }

    base::descriptor end_;
    gdb_remote target_;
    place where_;
    std::string failure_; ///< read after the thread has ended
    std::jthread thread_;
};

} // namespace

result<std::unique_ptr<source>> open_gdb_rtt(const std::string& spelling) {
    auto where = parse_place(spelling);
    if (!where) return std::unexpected(where.error());
    auto target = gdb_remote::connect(where->server);
    if (!target) return std::unexpected(target.error());
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(errno_text(errno));
    base::descriptor end(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return std::make_unique<gdb_rtt_source>(
        base::descriptor(ends[0]),
        base::descriptor(ends[1]),
        std::move(end),
        std::move(*target),
        *std::move(where)
    );
}

} // namespace drone::capture
