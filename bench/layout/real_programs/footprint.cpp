// SPDX-License-Identifier: MIT

// Plays an allocation log on whatever malloc is preloaded and prints the most memory that it made
// resident, in bytes: every block is written to, as a program does. What the player itself needs is
// mapped beforehand and not counted.
//
//     LD_PRELOAD=libjemalloc.so.2 layout_footprint LOG

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::size_t slots = std::size_t{1} << 24U; // live blocks, at most half of it

struct slot {
    std::uint64_t id = 0; ///< as logged; 0: free
    void* block = nullptr;
};

/// Open addressing by the logged address; erases by shifting back.
class table {
public:
    table()
        : slots_(static_cast<slot*>(mmap(
              nullptr,
              slots * sizeof(slot),
              PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
              -1,
              0
          ))) {}

    void put(std::uint64_t id, void* block) {
        std::size_t at = home(id);
        while (slots_[at].id != 0)
            at = (at + 1) % slots;
        slots_[at] = {.id = id, .block = block};
    }
    void* take_out(std::uint64_t id) {
        std::size_t at = home(id);
        while (slots_[at].id != id) {
            if (slots_[at].id == 0) return nullptr;
            at = (at + 1) % slots;
        }
        void* const block = slots_[at].block;
        for (std::size_t next = (at + 1) % slots; slots_[next].id != 0; next = (next + 1) % slots) {
            const std::size_t away = (next + slots - home(slots_[next].id)) % slots;
            if (away < (next + slots - at) % slots) continue;
            slots_[at] = slots_[next];
            at = next;
        }
        slots_[at] = {};
        return block;
    }

private:
    static std::size_t home(std::uint64_t id) {
        return static_cast<std::size_t>(id * 0x9E3779B97F4A7C15ULL >> 40U);
    }
    slot* slots_;
};

/// Anonymous resident memory: resident minus what is shared with files.
long resident_bytes(int statm) {
    char text[128] = {};
    if (pread(statm, text, sizeof text - 1, 0) <= 0) return 0;
    char* end = nullptr;
    std::strtol(text, &end, 10);
    const long resident = std::strtol(end, &end, 10);
    const long shared = std::strtol(end, &end, 10);
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

class player {
public:
    void line(const char* at) {
        if (at[0] == 'x') return; // failed; every other line ends with its caller, ` @ADDRESS`
        char* next = nullptr;
        const std::uint64_t id = std::strtoull(at + 2, &next, 16);
        if (at[0] == 'f') {
            std::free(table_.take_out(id));
            return;
        }
        const std::size_t size = std::strtoull(next, &next, 10);
        if (at[0] == 'r') {
            const bool moves = *next == ' ' && next[1] != '@';
            const std::uint64_t new_id = moves ? std::strtoull(next, &next, 16) : id;
            void* const block = std::realloc(table_.take_out(id), size);
            std::memset(block, 1, size);
            table_.put(new_id, block);
            return;
        }
        const std::size_t alignment = *next == ' ' ? std::strtoull(next, &next, 10) : 0;
        void* block = nullptr;
        if (alignment == 0)
            block = std::malloc(size);
        else if (posix_memalign(&block, std::max(alignment, sizeof(void*)), size) != 0)
            std::abort();
        std::memset(block, 1, size);
        table_.put(id, block);
    }

private:
    table table_;
};

} // namespace

int main(int argc, char** argv) {
    const int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    struct stat about = {};
    if (file < 0 || fstat(file, &about) != 0 || about.st_size == 0) {
        std::fputs("usage: layout_footprint LOG\n", stderr);
        return 2;
    }
    const auto length = static_cast<std::size_t>(about.st_size);
    const char* const text =
        static_cast<const char*>(mmap(nullptr, length, PROT_READ, MAP_SHARED, file, 0));
    const int statm = open("/proc/self/statm", O_RDONLY);
    player log;
    const long before = resident_bytes(statm);
    long most = before;
    constexpr int lines_a_look = 64;
    int lines = 0;
    for (const char* at = text; at < text + length;) {
        log.line(at);
        at = static_cast<const char*>(
                 std::memchr(at, '\n', static_cast<std::size_t>(text + length - at))
             ) +
             1;
        if (++lines % lines_a_look == 0) most = std::max(most, resident_bytes(statm));
    }
    std::printf("%ld\n", std::max(most, resident_bytes(statm)) - before);
    return 0;
}
