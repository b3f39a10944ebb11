// SPDX-License-Identifier: MIT

// A shared object to preload: writes what the program asks of malloc to the file that
// DRONE_RECORD names, as an allocation log (docs: the allocation log). Only the first process is
// recorded; its children run without it. glibc only: it forwards to __libc_malloc and its kin.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);
}

namespace {

constexpr std::size_t largest_alignment = 4096; // that a heap can be declared with

/// The file, a buffer before it, and a lock around both. Allocates nothing.
class recorder {
public:
    void open() {
        const char* const name = std::getenv("DRONE_RECORD");
        if (name == nullptr) return;
        file_ = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        unsetenv("LD_PRELOAD");
        unsetenv("DRONE_RECORD");
    }
    void stop() { file_ = -1; }

    void allocated(void* block, std::size_t size, std::size_t alignment) {
        if (file_ < 0 || block == nullptr) return;
        const lock locked(*this);
        start('a', block);
        number(size);
        if (alignment > 0) number(alignment);
        end();
    }
    void freed(void* block) {
        if (file_ < 0 || block == nullptr) return;
        const lock locked(*this);
        start('f', block);
        end();
    }

    /// The old block's address must not be taken by others between the call and the record, so
    /// a resize is recorded under the lock that its call was made under.
    void* resized(void* block, std::size_t size) {
        const lock locked(*this);
        void* const moved = __libc_realloc(block, size);
        if (file_ < 0 || moved == nullptr) return moved;
        start('r', block);
        number(size);
        if (moved != block) address(moved);
        end();
        return moved;
    }

    void flush() {
        const lock locked(*this);
        write_out();
    }

private:
    class lock {
    public:
        explicit lock(recorder& owner) : owner_(owner) {
            while (owner_.busy_.test_and_set(std::memory_order_acquire)) {
            }
        }
        ~lock() { owner_.busy_.clear(std::memory_order_release); }
        lock(const lock&) = delete;
        lock& operator=(const lock&) = delete;

    private:
        recorder& owner_;
    };

    void start(char what, void* block) {
        if (used_ + 128 > sizeof buffer_) write_out();
        buffer_[used_++] = what;
        address(block);
    }
    void end() { buffer_[used_++] = '\n'; }
    void address(void* block) { digits(reinterpret_cast<std::uintptr_t>(block), 16); }
    void number(std::size_t value) { digits(value, 10); }

    void digits(std::uint64_t value, unsigned base) {
        char text[24];
        std::size_t length = 0;
        do {
            text[length++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        buffer_[used_++] = ' ';
        while (length > 0)
            buffer_[used_++] = text[--length];
    }

    void write_out() {
        std::size_t done = 0;
        while (file_ >= 0 && done < used_) {
            const ssize_t count = ::write(file_, buffer_ + done, used_ - done);
            if (count <= 0) break;
            done += static_cast<std::size_t>(count);
        }
        used_ = 0;
    }

    int file_ = -1;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    std::size_t used_ = 0;
    char buffer_[1U << 16U] = {};
};

constinit recorder log;

[[gnu::constructor]] void begin() {
    log.open();
    pthread_atfork(nullptr, nullptr, [] { log.stop(); });
}
[[gnu::destructor]] void finish() { log.flush(); }

std::size_t recorded_alignment(std::size_t alignment) {
    return alignment < largest_alignment ? alignment : largest_alignment;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) {
    void* const block = __libc_malloc(size);
    log.allocated(block, size, 0);
    return block;
}

void* calloc(std::size_t count, std::size_t size) {
    void* const block = __libc_calloc(count, size);
    log.allocated(block, count * size, 0);
    return block;
}

void free(void* block) {
    log.freed(block);
    __libc_free(block);
}

void* realloc(void* block, std::size_t size) {
    if (block == nullptr) return malloc(size);
    if (size == 0) {
        free(block);
        return nullptr;
    }
    return log.resized(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    void* const block = __libc_memalign(alignment, size);
    log.allocated(block, size, recorded_alignment(alignment));
    return block;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void* const made = memalign(alignment, size);
    if (made == nullptr) return ENOMEM;
    *block = made;
    return 0;
}

} // extern "C"
