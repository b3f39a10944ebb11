// SPDX-License-Identifier: MIT

#include "frames/call_sites.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>
#include <vector>

namespace drone::frames {
namespace {

TEST(CallSites, AreSeenInThumbRiscvAndX86Code) {
    const auto calls = [](machine of, std::initializer_list<unsigned> bytes) {
        std::vector<std::byte> code;
        for (const unsigned b : bytes)
            code.push_back(static_cast<std::byte>(b));
        return ends_with_call(of, code);
    };
    EXPECT_TRUE(calls(machine::arm, {0xFF, 0xF7, 0xFE, 0xFF}));    // bl
    EXPECT_TRUE(calls(machine::arm, {0xFF, 0xF7, 0xFE, 0xEF}));    // blx label
    EXPECT_TRUE(calls(machine::arm, {0x98, 0x47}));                // blx r3
    EXPECT_FALSE(calls(machine::arm, {0x18, 0x47}));               // bx r3
    EXPECT_FALSE(calls(machine::arm, {0xFF, 0xF7, 0xFE, 0xBF}));   // b.w
    EXPECT_FALSE(calls(machine::arm, {0x00, 0x20}));               // movs r0, #0
    EXPECT_TRUE(calls(machine::riscv, {0xEF, 0x00, 0x40, 0x00}));  // jal ra
    EXPECT_TRUE(calls(machine::riscv, {0xE7, 0x80, 0x07, 0x00}));  // jalr a5
    EXPECT_TRUE(calls(machine::riscv, {0x82, 0x97}));              // c.jalr a5
    EXPECT_FALSE(calls(machine::riscv, {0x82, 0x87}));             // c.jr a5
    EXPECT_FALSE(calls(machine::riscv, {0x6F, 0x00, 0x40, 0x00})); // j
    EXPECT_FALSE(calls(machine::riscv, {0x02, 0x90}));             // ebreak
    EXPECT_TRUE(calls(machine::x86, {0xE8, 0, 0, 0, 0}));
    EXPECT_TRUE(calls(machine::x86, {0xFF, 0xD0})); // call *rax
    EXPECT_FALSE(calls(machine::x86, {0xE9, 0, 0, 0, 0}));
    EXPECT_FALSE(calls(machine::other, {0xE8, 0, 0, 0, 0}));
    EXPECT_FALSE(calls(machine::arm, {}));
}

} // namespace
} // namespace drone::frames
