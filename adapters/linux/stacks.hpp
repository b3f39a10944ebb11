// SPDX-License-Identifier: MIT
#pragma once

// The stacks of a program on Linux, for preload.cpp. The unwinder of the compiler's own library walks them, by the
// tables that exceptions use: every program has them, also in C.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <elf.h>
#include <host/stacks.hpp>
#include <link.h>

namespace drone::preload {

constexpr std::size_t deepest = 64;

/// A stack, innermost frame first.
struct call_stack {
    std::uintptr_t frames[deepest];
    std::size_t count = 0;
    bool is_whole = false;
};

/// The stack from the caller outward, at most so many frames. Without a frame that is the caller, the
/// caller alone.
[[gnu::noinline]] inline void walk(void* caller, std::size_t most, call_stack& found) {
    const auto as_frame = [](std::uintptr_t address) { return address; };
    if (most > 1) found.count = host::unwind(caller, found.frames, most, found.is_whole, as_frame);
    if (found.count != 0) return;
    found.frames[0] = reinterpret_cast<std::uintptr_t>(caller);
    found.count = 1;
    found.is_whole = most == 1;
}

/// Which number a stack has in the log. A stack that another took the place of gets a new number.
class stack_numbers {
public:
    [[nodiscard]] bool knows(const call_stack& s) const {
        const std::uint64_t hash = hash_of(s);
        return known_[hash >> 48U].hash == hash;
    }
    /// `is_new`: the log has no line that says what it is.
    std::uint64_t number(const call_stack& s, bool& is_new) {
        const std::uint64_t hash = hash_of(s);
        entry& known = known_[hash >> 48U];
        is_new = known.hash != hash;
        if (is_new) known = {hash, ++given_};
        return known.number;
    }

private:
    struct entry {
        std::uint64_t hash; ///< 0: there is none
        std::uint64_t number;
    };
    static std::uint64_t hash_of(const call_stack& s) {
        std::uint64_t hash = 1 + s.is_whole;
        for (std::size_t i = 0; i < s.count; ++i)
            hash = ((hash << 7U | hash >> 57U) ^ s.frames[i]) * 0x9E37'79B9'7F4A'7C15U;
        return hash;
    }

    entry known_[1U << 16U] = {};
    std::uint64_t given_ = 0;
};

/// A segment of code of the program or a library of it.
struct segment {
    std::uintptr_t begin;
    std::uintptr_t end;
    std::uintptr_t base; ///< where its address 0 is
    const char* path;
    const unsigned char* build; ///< its GNU build ID
    std::size_t build_bytes;
};

/// The GNU build ID among the notes of a module.
inline void find_build(const dl_phdr_info& module, segment& of) {
    for (int i = 0; i < module.dlpi_phnum; ++i) {
        const ElfW(Phdr)& p = module.dlpi_phdr[i];
        if (p.p_type != PT_NOTE) continue;
        const auto* at = reinterpret_cast<const unsigned char*>(module.dlpi_addr + p.p_vaddr);
        for (const auto* const end = at + p.p_memsz; at + sizeof(ElfW(Nhdr)) <= end;) {
            const auto* const note = reinterpret_cast<const ElfW(Nhdr)*>(at);
            const unsigned char* const name = at + sizeof *note;
            const unsigned char* const value = name + (note->n_namesz + 3U) / 4 * 4;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && name[0] == 'G') {
                of.build = value;
                of.build_bytes = note->n_descsz;
                return;
            }
            at = value + (note->n_descsz + 3U) / 4 * 4;
        }
    }
}

/// Calls `each(segment)` for the code that is loaded now. `program`: the path of the program itself,
/// which the loader does not name. The loader's lock is held.
template <class Each>
void each_segment(const char* program, Each each) {
    struct visit {
        const char* program;
        Each& each;
    } state{program, each};
    dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* to) {
            auto& s = *static_cast<visit*>(to);
            const bool is_program = module->dlpi_name == nullptr || module->dlpi_name[0] == 0;
            segment found{0, 0, module->dlpi_addr, module->dlpi_name, nullptr, 0};
            if (is_program) found.path = s.program;
            if (found.path[0] != '/') return 0; // the kernel's page has no file
            find_build(*module, found);
            for (int i = 0; i < module->dlpi_phnum; ++i) {
                const ElfW(Phdr)& p = module->dlpi_phdr[i];
                if (p.p_type != PT_LOAD || (p.p_flags & PF_X) == 0) continue;
                found.begin = module->dlpi_addr + p.p_vaddr;
                found.end = found.begin + p.p_memsz;
                s.each(found);
            }
            return 0;
        },
        &state
    );
}

/// How many modules were loaded since the program began.
inline unsigned long long loads() {
    unsigned long long count = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* to) {
            *static_cast<unsigned long long*>(to) = module->dlpi_adds;
            return 1;
        },
        &count
    );
    return count;
}

} // namespace drone::preload
