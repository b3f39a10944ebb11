// SPDX-License-Identifier: MIT
#include "base/bus_errors.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace drone::base {

namespace {

/// One watched mapping. Read by the signal handler, which may come at any time in any thread.
struct watch {
    std::atomic<std::uintptr_t> begin = 0; ///< 0: free
    std::atomic<std::uintptr_t> end = 0;
    std::atomic<bool> failed = false;
};

std::array<watch, 64> watches;
std::mutex changing;
struct sigaction former{};
std::uintptr_t page = 4096;

std::uintptr_t address_of(std::span<const std::byte> mapping) {
    return reinterpret_cast<std::uintptr_t>(mapping.data());
}

watch* find(std::uintptr_t address) {
    for (watch& one : watches) {
        const std::uintptr_t begin = one.begin; // 0, too, while it is set up or taken down
        if (begin != 0 && address >= begin && address < one.end) return &one;
    }
    return nullptr;
}

void on_bus_error(int /*signal*/, siginfo_t* what, void* /*context*/) {
    const int kept = errno;
    const auto address = reinterpret_cast<std::uintptr_t>(what->si_addr);
    watch* const hit = find(address);
    if (hit != nullptr) {
        hit->failed = true;
        const std::uintptr_t from = address / page * page;
        // mmap is a bare system call here, so it may be made in a handler.
        void* const zeros = ::mmap(
            reinterpret_cast<void*>(from), // NOLINT(performance-no-int-to-ptr)
            hit->end - from,
            PROT_READ,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
            -1,
            0
        );
        if (zeros != MAP_FAILED) {
            errno = kept;
            return;
        }
    }
    ::sigaction(SIGBUS, &former, nullptr); // the access comes again, and is theirs
    errno = kept;
}

void install_once() {
    static const bool installed = [] {
        page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        struct sigaction ours{};
        ours.sa_sigaction = on_bus_error;
        ours.sa_flags = SA_SIGINFO;
        sigemptyset(&ours.sa_mask);
        return ::sigaction(SIGBUS, &ours, &former) == 0;
    }();
    static_cast<void>(installed);
}

} // namespace

bool watch_mapping(std::span<const std::byte> mapping) {
    const std::scoped_lock lock(changing);
    install_once();
    for (watch& one : watches) {
        if (one.begin != 0) continue;
        const std::uintptr_t size = (mapping.size() + page - 1) / page * page;
        one.failed = false;
        one.end = address_of(mapping) + size;
        one.begin = address_of(mapping);
        return true;
    }
    return false;
}

void unwatch_mapping(std::span<const std::byte> mapping) noexcept {
    const std::scoped_lock lock(changing);
    if (watch* const one = find(address_of(mapping)); one != nullptr) {
        one->begin = 0;
        one->end = 0;
    }
}

bool mapping_failed(std::span<const std::byte> mapping) noexcept {
    const watch* const one = find(address_of(mapping));
    return one != nullptr && one->failed;
}

} // namespace drone::base
