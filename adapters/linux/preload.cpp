// SPDX-License-Identifier: MIT

// libdrone_trace.so: what a program on Linux asks of malloc, as an allocation log with callers and
// failed requests.
//
//     LD_PRELOAD=/usr/lib/drone/libdrone_trace.so program
//
// writes the file heaptrace, or the one that DRONE_HEAPTRACE names. Only the first process is
// recorded; its children run without it. glibc only: it forwards to __libc_malloc and its kin.
// With DRONE_TRACE_STACKS=N in the environment, N frames of each caller are recorded.

#include "stacks.hpp"

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
void* __libc_valloc(std::size_t size);
void* __libc_pvalloc(std::size_t size);
void __libc_free(void* block);
}

#define CALLER __builtin_return_address(0)

namespace {

using namespace drone::preload;

constexpr std::size_t largest_alignment = 4096; // that a heap can be declared with

constinit stack_numbers numbers; ///< under the recorder's lock

/// The file, a buffer before it, and a lock around both. Allocates nothing.
class recorder {
public:
    void open() {
        const char* name = std::getenv("DRONE_HEAPTRACE");
        if (name == nullptr) name = "heaptrace";
        if (const char* const wanted = std::getenv("DRONE_TRACE_STACKS")) {
            const unsigned long frames = std::strtoul(wanted, nullptr, 10);
            frames_ = frames < deepest ? frames : deepest;
            const ssize_t length = ::readlink("/proc/self/exe", program_, sizeof program_ - 1);
            if (length < 0) program_[0] = 0;
        }
        file_ = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        unsetenv("LD_PRELOAD");
    }
    void stop() { file_ = -1; }

    void allocated(void* block, std::size_t size, std::size_t alignment, void* caller) {
        if (file_ < 0) return;
        const caller_of_event asking(*this, caller);
        const lock locked(*this);
        const std::uint64_t stack = say_stack(asking);
        start(block == nullptr ? 'x' : 'a');
        if (block != nullptr) address(block);
        number(size);
        if (alignment > 0) number(alignment);
        end(caller, stack);
    }
    /// Who gives a block back asks for nothing: its stack is not recorded.
    void freed(void* block, void* caller) {
        if (file_ < 0 || block == nullptr) return;
        const lock locked(*this);
        start('f');
        address(block);
        end(caller, 0);
    }

    /// The old block's address must not be taken by others between the call and the record, so
    /// a resize is recorded under the lock that its call was made under.
    void* resized(void* block, std::size_t size, void* caller) {
        if (file_ < 0) return __libc_realloc(block, size);
        const caller_of_event asking(*this, caller);
        const lock locked(*this);
        void* const moved = __libc_realloc(block, size);
        if (file_ < 0) return moved;
        const std::uint64_t stack = say_stack(asking);
        start(moved == nullptr ? 'x' : 'r');
        if (moved != nullptr) address(block);
        number(size);
        if (moved != nullptr && moved != block) address(moved);
        end(caller, stack);
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

    /// The stack of an event, and before it the lines that say which modules are loaded. Walked, and
    /// the loader asked, without the recorder's lock: whoever holds the loader's may wait for it.
    struct caller_of_event {
        caller_of_event(recorder& to, void* caller) {
            if (to.frames_ == 0) return;
            walk(caller, to.frames_, stack);
            {
                const lock locked(to);
                if (numbers.knows(stack)) return;
            }
            const unsigned long long now = loads();
            if (to.loads_.exchange(now, std::memory_order_relaxed) == now) return;
            each_segment(to.program_, [&](const segment& s) {
                const lock locked(to);
                to.say_module(s);
            });
        }
        call_stack stack;
    };

    /// The number of the stack, which a line says if none did; 0: stacks are not recorded.
    std::uint64_t say_stack(const caller_of_event& asking) {
        const call_stack& s = asking.stack;
        if (s.count == 0) return 0;
        bool is_new = false;
        const std::uint64_t given = numbers.number(s, is_new);
        if (!is_new) return given;
        start('s');
        put(" s");
        digits(given, 10);
        for (std::size_t i = 0; i < s.count; ++i)
            hex(s.frames[i]);
        put(s.is_whole ? "\n" : " ...\n");
        return given;
    }

    void say_module(const segment& s) {
        const std::size_t length = std::strlen(s.path);
        if (length > longest_path || std::strchr(s.path, '\n') != nullptr) return;
        start('m');
        hex(s.begin);
        hex(s.end);
        hex(s.base);
        put(s.build_bytes == 0 ? " -" : " ");
        for (std::size_t i = 0; i < s.build_bytes && i < 32; ++i) {
            digits(s.build[i] >> 4U, 16);
            digits(s.build[i] & 15U, 16);
        }
        put(" ");
        put(s.path);
        put("\n");
    }

    void put(const char* text) {
        while (*text != 0)
            buffer_[used_++] = *text++;
    }
    void hex(std::uintptr_t value) {
        put(" 0x");
        digits(value, 16);
    }

    void start(char what) {
        if (used_ + longest_line > sizeof buffer_) write_out();
        buffer_[used_++] = what;
    }
    void end(void* caller, std::uint64_t stack) {
        put(stack != 0 ? " @s" : " @0x");
        if (stack != 0)
            digits(stack, 10);
        else
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

    static constexpr std::size_t longest_path = 4096;
    static constexpr std::size_t longest_line = 2 * longest_path;

    int file_ = -1;
    std::size_t frames_ = 0; ///< of a stack; 0: stacks are not recorded
    std::atomic<unsigned long long> loads_ = 0; ///< of modules that were told of
    char program_[longest_path] = {};
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
    return taken(__libc_malloc(size), size, 0, CALLER);
}

void* calloc(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX; // which fails
    return taken(__libc_calloc(count, size), bytes, 0, CALLER);
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

void* valloc(std::size_t size) {
    return taken(__libc_valloc(size), size, largest_alignment, CALLER);
}

void* pvalloc(std::size_t size) {
    return taken(__libc_pvalloc(size), size, largest_alignment, CALLER);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void* const made = taken(__libc_memalign(alignment, size), size, alignment, CALLER);
    if (made == nullptr) return ENOMEM;
    *block = made;
    return 0;
}

} // extern "C"
