// SPDX-License-Identifier: MIT
#pragma once

// A file as the carrier of log ports, for programs on Linux.

#include <drone/log.hpp>
#include <drone/wire.hpp>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

namespace drone::host {

/// A log_carrier. Port 31 goes to the file that the environment variable DRONE_HEAPTRACE names: by
/// default `heaptrace` in the working directory, and no file if the variable is empty. Ports 0 and
/// 1 are standard output and standard error.
///
/// The file is mapped, shared, 64 KiB at a time. So a word takes no system call, and the file has
/// every word however the process ends (abort, SIGSEGV, SIGKILL). Places that are not written yet
/// have words that say "0 microseconds went by"; exit() cuts them off. Time words are between the
/// others, at least a millisecond apart.
///
/// Any thread may call it, but no signal handler. It allocates nothing, so the traced heap may be
/// the one behind malloc. Limits:
///
/// - The file belongs to the process that opened it. A child of fork() does not trace. A second
///   process with the same file does not trace, and says so.
/// - If the disk is full, the trace ends and says so.
/// - If another program truncates the file, the process ends (SIGBUS).
/// - A power failure loses what the kernel has not written yet.
class trace_file {
public:
    static_assert(
        std::endian::native == std::endian::little, "the words of a file are little-endian"
    );

    [[nodiscard]] static bool enabled(unsigned port) noexcept {
        return port <= standard_error_port || (port == heap_trace_port && is_open());
    }
    [[nodiscard]] static bool ready(unsigned port) noexcept { return enabled(port); }

    static void write(unsigned port, std::uint32_t word) noexcept {
        if (port != heap_trace_port) {
            std::fwrite(&word, sizeof word, 1, stream(port));
            return;
        }
        const std::scoped_lock alone(mutex_);
        tell_time();
        put({word});
    }
    /// Bytes of port 31 are ignored: a trace consists of words.
    static void write(unsigned port, std::uint8_t byte) noexcept {
        if (port <= standard_error_port) std::fputc(byte, stream(port));
    }

    /// Cuts off what was not written, and ends the trace. exit() does it, after every destructor.
    static void close() noexcept {
        // Looked at first: in a child of fork() the lock may be held by a thread that is not there.
        const std::atomic<bool>* const listens = listens_.load();
        if (listens == nullptr || !listens->load()) return;
        const std::scoped_lock alone(mutex_);
        if (listens->load()) end_trace();
    }

private:
    static constexpr std::size_t chunk_words = std::size_t{16} * 1024;
    static constexpr std::size_t chunk_bytes = chunk_words * sizeof(wire::word);
    static constexpr wire::word filler = wire::make_capture(wire::capture::host_micros, 0);
    static constexpr std::uint64_t time_step_micros = 1000;

    static std::FILE* stream(unsigned port) noexcept {
        return port == standard_output_port ? stdout : stderr;
    }

    [[nodiscard]] static bool is_open() noexcept {
        const std::atomic<bool>* const listens = listens_.load(std::memory_order_acquire);
        if (listens == nullptr) [[unlikely]]
            return open();
        return listens->load(std::memory_order_relaxed);
    }

    [[gnu::cold]] static bool open() noexcept {
        const std::scoped_lock alone(mutex_);
        if (listens_.load() == nullptr) listens_.store(open_file() ? make_flag() : &never_);
        return listens_.load()->load();
    }

    static bool open_file() noexcept {
        const char* const named = std::getenv("DRONE_HEAPTRACE");
        const char* const path = named == nullptr ? "heaptrace" : named;
        if (*path == '\0') return false;
        file_ = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file_ < 0) return complain(path, errno);
        if (::flock(file_, LOCK_EX | LOCK_NB) != 0)
            return complain(path, errno == EWOULDBLOCK ? EBUSY : errno);
        if (::ftruncate(file_, 0) != 0) return complain(path, errno);
        last_told_ = now_micros();
        return map_next_chunk();
    }

    /// A flag on a page that is zero in a child of this process.
    static std::atomic<bool>* make_flag() noexcept {
        const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        void* const page =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED || ::madvise(page, size, MADV_WIPEONFORK) != 0) {
            complain("a page of memory", errno);
            return &never_;
        }
        return ::new (page) std::atomic<bool>(true);
    }

    static bool complain(const char* what, int error) noexcept {
        char line[512];
        const int length = std::snprintf(
            line, sizeof line, "drone: no heap trace: %s: %s\n", what, ::strerrordesc_np(error)
        );
        const auto size = static_cast<std::size_t>(length);
        static_cast<void>(!::write(STDERR_FILENO, line, size < sizeof line ? size : sizeof line - 1)
        );
        return false;
    }

    /// Allocates the space first: a store into a hole on a full disk would end the process.
    static bool map_next_chunk() noexcept {
        int error = EINTR;
        while (error == EINTR)
            error = ::posix_fallocate(file_, size_, chunk_bytes);
        if (error != 0) return complain("the file", error);
        void* const chunk =
            ::mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, size_);
        if (chunk == MAP_FAILED) return complain("the file", errno);
        if (chunk_ != nullptr) ::munmap(chunk_, chunk_bytes);
        chunk_ = static_cast<wire::word*>(chunk);
        for (std::size_t i = 0; i < chunk_words; ++i)
            chunk_[i] = filler;
        used_ = 0;
        size_ += chunk_bytes;
        return true;
    }

    static void put(wire::word word) noexcept {
        if (!listens_.load()->load()) return;
        if (used_ == chunk_words && !map_next_chunk()) return end_trace();
        chunk_[used_++] = word;
    }

    static void end_trace() noexcept {
        listens_.load()->store(false);
        const auto unused = static_cast<off_t>((chunk_words - used_) * sizeof(wire::word));
        ::munmap(chunk_, chunk_bytes);
        static_cast<void>(!::ftruncate(file_, size_ - unused));
        ::close(file_);
    }

    static std::uint64_t now_micros() noexcept {
        std::timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U +
               static_cast<std::uint64_t>(now.tv_nsec) / 1'000U;
    }

    static void tell_time() noexcept {
        const std::uint64_t now = now_micros();
        if (now - last_told_ < time_step_micros) return;
        while (last_told_ != now) {
            const std::uint64_t left = now - last_told_;
            const std::uint32_t step = wire::saturated(left);
            put(wire::make_capture(wire::capture::host_micros, step));
            last_told_ += step;
        }
    }

    static inline std::atomic<bool> never_ = false;
    static inline std::atomic<std::atomic<bool>*> listens_ = nullptr; ///< null: nobody asked yet

    static inline std::mutex mutex_; ///< guards what follows
    static inline int file_ = -1;
    static inline off_t size_ = 0; ///< of the file, bytes
    static inline wire::word* chunk_ = nullptr;
    static inline std::size_t used_ = 0; ///< words of the chunk
    static inline std::uint64_t last_told_ = 0;
};

namespace detail {
[[gnu::destructor, gnu::used]] inline void close_trace_file() noexcept { trace_file::close(); }
} // namespace detail

} // namespace drone::host
