// SPDX-License-Identifier: MIT
#pragma once

// The stacks of a program on Linux, for the trace of its heap. The unwinder of the compiler's own
// library walks them, by the tables that exceptions use. So the program needs no frame pointers and
// no frame table.

#include <cstddef>
#include <cstdint>
#include <link.h>
#include <unwind.h>

namespace drone::host {

/// The program's own code, without its libraries'. Addresses in memory, bytes.
struct program_code {
    std::uintptr_t begin = UINTPTR_MAX;
    std::uintptr_t end = 0;
    std::uintptr_t base = 0; ///< where the file's address 0 is

    [[nodiscard]] bool has(std::uintptr_t address) const noexcept {
        return address > begin && address <= end; // after a call
    }
    /// An address as the trace has it: the file's, without the lowest bit. A word of the trace has no
    /// room for that bit, and what is left is in the same call, which has two bytes at least. 0, not known,
    /// of code that is not the program's own: cut to 32 bits it could be an address of the program.
    [[nodiscard]] std::uint32_t in_trace(std::uintptr_t address) const noexcept {
        if (!has(address)) return 0;
        return static_cast<std::uint32_t>(address - base) & ~1U;
    }
    /// Looked up once. Allocates nothing.
    [[nodiscard]] static const program_code& own() noexcept {
        static const program_code found = look_up();
        return found;
    }

private:
    static program_code look_up() noexcept {
        program_code found;
        // The first module is the program.
        const auto first = [](dl_phdr_info* module, std::size_t, void* to) {
            auto& code = *static_cast<program_code*>(to);
            code.base = module->dlpi_addr;
            for (int i = 0; i < module->dlpi_phnum; ++i) {
                const ElfW(Phdr)& part = module->dlpi_phdr[i];
                if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
                const std::uintptr_t begin = module->dlpi_addr + part.p_vaddr;
                if (begin < code.begin) code.begin = begin;
                if (begin + part.p_memsz > code.end) code.end = begin + part.p_memsz;
            }
            return 1;
        };
        dl_iterate_phdr(first, &found);
        return found;
    }
};

/// Set while this thread is walking: what the unwinder itself asks for has one frame. Its place is
/// there from the thread's start: to make one could ask the heap.
inline thread_local bool is_walking [[gnu::tls_model("initial-exec")]] = false;

/// Writes the stack into `frames`, from the code that `caller` returns to outward, at most `most`
/// frames, each as `as_frame(address)` returns it; those that are 0 are left out. `is_whole` becomes
/// whether the outermost is among them. Returns how many there are: none where the walk does not come
/// to `caller`, or where this thread is walking.
template <class Frame, class AsFrame>
[[gnu::noinline]] std::size_t unwind(
    const void* caller, Frame* frames, std::size_t most, bool& is_whole, AsFrame as_frame
) noexcept {
    struct search {
        AsFrame as_frame;
        std::uintptr_t caller;
        Frame* frames;
        std::size_t most;
        std::size_t count = 0;
        bool is_found = false;
        bool is_cut = false;
    } state{as_frame, reinterpret_cast<std::uintptr_t>(caller), frames, most};
    is_whole = false;
    if (is_walking) return 0;
    is_walking = true;
    const auto each = [](_Unwind_Context* at, void* to) {
        auto& s = *static_cast<search*>(to);
        const auto address = static_cast<std::uintptr_t>(_Unwind_GetIP(at));
        s.is_found = s.is_found || address == s.caller;
        const Frame frame = s.is_found ? s.as_frame(address) : 0;
        if (frame == 0) return _URC_NO_REASON;
        s.is_cut = s.count == s.most;
        if (s.is_cut) return _URC_NORMAL_STOP;
        s.frames[s.count++] = frame;
        return _URC_NO_REASON;
    };
    is_whole = _Unwind_Backtrace(each, &state) == _URC_END_OF_STACK && !state.is_cut;
    is_walking = false;
    return state.count;
}

/// Writes the stack into `frames`, from the code that `caller` returns to outward, at most `most`
/// frames, as the trace has them. Frames of shared libraries are left out. `is_whole` becomes whether
/// the outermost is among them. Returns how many there are, at least one: `caller` itself where the
/// walk finds nothing, or 0 where that is not the program's either.
/// Requires most > 0. O(depth of the stack): a microsecond or less for each frame.
/// Any thread may call it.
[[gnu::noinline]] inline std::size_t
walk_stack(const void* caller, std::uint32_t* frames, std::size_t most, bool& is_whole) noexcept {
    const program_code& code = program_code::own();
    const auto as_frame = [&code](std::uintptr_t address) { return code.in_trace(address); };
    const std::size_t count = unwind(caller, frames, most, is_whole, as_frame);
    if (count != 0) return count;
    frames[0] = code.in_trace(reinterpret_cast<std::uintptr_t>(caller));
    is_whole = false;
    return 1;
}

} // namespace drone::host
