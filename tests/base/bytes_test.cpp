// SPDX-License-Identifier: MIT

#include "base/bytes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>

namespace drone::base {
namespace {

constexpr std::array<std::uint8_t, 8> counted{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88};
static_assert(load_le<std::uint16_t>(counted.data()) == 0x0201);
static_assert(load_le<std::uint32_t>(counted.data() + 1) == 0x05040302);
static_assert(load_le<std::uint64_t>(counted.data()) == 0x8807060504030201);
static_assert(load_le(std::span(counted).first(3)) == 0x030201);
static_assert(
    store_le(std::uint32_t{0x89ABCDEF}) == std::array<std::uint8_t, 4>{0xEF, 0xCD, 0xAB, 0x89}
);

RC_GTEST_PROP(Bytes, WhatIsStoredIsLoadedAtAnyAlignment, (std::uint32_t number)) {
    const auto offset = *rc::gen::inRange<std::size_t>(0, 8);
    std::array<std::byte, 12> bytes{};
    const auto stored = store_le(number);
    std::memcpy(bytes.data() + offset, stored.data(), stored.size());
    RC_ASSERT(load_le<std::uint32_t>(bytes.data() + offset) == number);
    RC_ASSERT(load_le(std::span(bytes).subspan(offset, 4)) == number);
}

} // namespace
} // namespace drone::base
