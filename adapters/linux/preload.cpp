// SPDX-License-Identifier: MIT

// libdrone_trace.so: what a program on Linux asks of malloc, as an allocation log with callers and
// failed requests.
//
//     LD_PRELOAD=/usr/lib/drone/libdrone_trace.so program
//
// writes the file heaptrace, or the one that DRONE_HEAPTRACE names. Only the first process is
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

#define CALLER __builtin_return_address(0)

namespace {

constexpr std::size_t largest_alignment = 4096; // that a heap can be declared with

/// The file, a buffer before it, and a lock around both. Allocates nothing.
class recorder {
public:
    void open() {
        const char* name = std::getenv("DRONE_HEAPTRACE");
        if (name == nullptr) name = "heaptrace";
        file_ = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        unsetenv("LD_PRELOAD");
    }
    void stop() { file_ = -1; }

    void allocated(void* block, std::size_t size, std::size_t alignment, void* caller) {
        if (file_ < 0) return;
        const lock locked(*this);
        start(block == nullptr ? 'x' : 'a');
        if (block != nullptr) address(block);
        number(size);
        if (alignment > 0) number(alignment);
        end(caller);
    }
    void freed(void* block, void* caller) {
        if (file_ < 0 || block == nullptr) return;
        const lock locked(*this);
        start('f');
        address(block);
        end(caller);
    }

    /// The old block's address must not be taken by others between the call and the record, so
    /// a resize is recorded under the lock that its call was made under.
    void* resized(void* block, std::size_t size, void* caller) {
        const lock locked(*this);
        void* const moved = __libc_realloc(block, size);
        if (file_ < 0) return moved;
        start(moved == nullptr ? 'x' : 'r');
        if (moved != nullptr) address(block);
        number(size);
        if (moved != nullptr && moved != block) address(moved);
        end(caller);
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

    void start(char what) {
        if (used_ + 128 > sizeof buffer_) write_out();
        buffer_[used_++] = what;
    }
    void end(void* caller) {
        for (const char c : {' ', '@', '0', 'x'})
            buffer_[used_++] = c;
        digits(reinterpret_cast<std::uintptr_t>(caller), 16);
        buffer_[used_++] = '\n';
    }
    void address(void* block) {
        buffer_[used_++] = ' ';
        digits(reinterpret_cast<std::uintptr_t>(block), 16);
    }
    void number(std::size_t value) {
        buffer_[used_++] = ' ';
        digits(value, 10);
    }

    void digits(std::uint64_t value, unsigned base) {
        char text[24];
        std::size_t length = 0;
        do {
            text[length++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
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

constinit recorder recorded;

[[gnu::constructor]] void begin() {
    recorded.open();
    pthread_atfork(nullptr, nullptr, [] { recorded.stop(); });
}
[[gnu::destructor]] void finish() { recorded.flush(); }

void* taken(void* block, std::size_t size, std::size_t alignment, void* caller) {
    recorded.allocated(
        block, size, alignment < largest_alignment ? alignment : largest_alignment, caller
    );
    return block;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) {
    void* const block = __libc_malloc(size);
    recorded.allocated(block, size, 0, CALLER);
    return block;
}

void* calloc(std::size_t count, std::size_t size) {
    void* const block = __libc_calloc(count, size);
    recorded.allocated(block, count * size, 0, CALLER);
    return block;
}

void free(void* block) {
    recorded.freed(block, CALLER);
    __libc_free(block);
}

void* realloc(void* block, std::size_t size) {
    if (block == nullptr) return taken(__libc_malloc(size), size, 0, CALLER);
    if (size != 0) return recorded.resized(block, size, CALLER);
    recorded.freed(block, CALLER);
    __libc_free(block);
    return nullptr;
}

void* memalign(std::size_t alignment, std::size_t size) {
    return taken(__libc_memalign(alignment, size), size, alignment, CALLER);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return taken(__libc_memalign(alignment, size), size, alignment, CALLER);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void* const made = taken(__libc_memalign(alignment, size), size, alignment, CALLER);
    if (made == nullptr) return ENOMEM;
    *block = made;
    return 0;
}

} // extern "C"
