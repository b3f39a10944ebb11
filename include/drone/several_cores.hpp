// SPDX-License-Identifier: MIT
#pragma once

// A heap that the cores of one chip share.

#include <drone/exclusive.hpp>

#include <concepts>
#include <cstdint>

namespace drone {

/// What a chip with several cores gives. Its functions are inline and of a few instructions.
///
/// - `mask`: a scope that no interrupt of the running core enters. It nests.
/// - `index`: the running core, from 0.
/// - `take`: takes the chip's spinlock, and acquires; whether it was free.
/// - `give`: gives it back, and releases.
/// - `owner`: a word in shared memory, 0 at first. Only who has the lock writes it.
template <class Chip>
concept cores_with_a_lock = requires(std::uint32_t word) {
    requires std::default_initializable<typename Chip::mask>;
    { Chip::index() } noexcept -> std::same_as<std::uint32_t>;
    { Chip::take() } noexcept -> std::same_as<bool>;
    { Chip::give() } noexcept -> std::same_as<void>;
    { Chip::owner() } noexcept -> std::same_as<std::uint32_t>;
    { Chip::set_owner(word) } noexcept -> std::same_as<void>;
};

/// A scope that no other core enters, and no interrupt of this one. It nests: a core that has the
/// lock knows it by the owner, which is then its own number plus one. Nobody else writes that number,
/// so a stale look at another's is never taken for it.
///
/// A core waits, with its interrupts masked, as long as the others hold the lock. A heap holds it for
/// the few instructions of a list or for one stretch of the region. The wait is bounded if the chip's
/// lock is fair; a spinlock is not, where a core can take it again before another sees it free.
template <cores_with_a_lock Chip>
class [[nodiscard]] cores_section {
public:
    cores_section() noexcept : nested_(Chip::owner() == Chip::index() + 1) {
        if (nested_) return;
        while (!Chip::take()) {
        }
        Chip::set_owner(Chip::index() + 1);
    }
    cores_section(const cores_section&) = delete;
    cores_section& operator=(const cores_section&) = delete;
    ~cores_section() {
        if (nested_) return;
        Chip::set_owner(0);
        Chip::give();
    }

private:
    [[no_unique_address]] typename Chip::mask masked_; // before the lock, and until after it
    bool nested_;
};

/// The cores of a chip, as exclusive_access: every operation of a list is a section of all cores, and
/// so is every event of a trace. So one heap serves them all, and one trace has the events of all in
/// their order.
template <cores_with_a_lock Chip>
struct several_cores {
    using critical_section = cores_section<Chip>;
    using free_list = masked_block_list<critical_section>;

    /// The running context, with its core: those of core 0 have the chip's own numbers, an exception
    /// number for instance; each further core's begin 512 later, as threads' do.
    template <std::uint32_t (*Context)() noexcept>
    static std::uint32_t context() noexcept {
        return 512 * Chip::index() + Context();
    }
};

} // namespace drone
