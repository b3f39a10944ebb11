// SPDX-License-Identifier: MIT
#pragma once

// Where the bytes of a heap are.

#include <drone/language.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// An arena that is part of the heap object.
template <std::uint32_t SizeBytes, std::uint32_t Alignment>
class embedded_arena {
public:
    [[nodiscard]] std::byte* base() noexcept { return bytes_; }
    [[nodiscard]] const std::byte* base() const noexcept { return bytes_; }

private:
    alignas(Alignment) std::byte bytes_[SizeBytes];
};

/// An arena at a fixed address, for heaps with an `origin` in Drone.toml. Nothing else may live
/// there.
template <std::uintptr_t Origin>
class fixed_arena {
    static_assert(Origin != 0, "the first block of an arena at address 0 would be null");

public:
    [[nodiscard]] static std::byte* base() noexcept { return reinterpret_cast<std::byte*>(Origin); }
};

} // namespace drone
