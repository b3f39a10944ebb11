// SPDX-License-Identifier: MIT

// The board as a debugger meets it, without a probe's protocol: registers read and written between
// two runs.

#include "machine.hpp"

#include <gmock/gmock.h>

namespace drone::board::test {
namespace {

constexpr std::uint32_t dhcsr = 0xE000'EDF0;
constexpr std::uint32_t dcrsr = 0xE000'EDF4;
constexpr std::uint32_t dcrdr = 0xE000'EDF8;
constexpr std::uint32_t demcr = 0xE000'EDFC;
constexpr std::uint32_t aircr = 0xE000'ED0C;
constexpr std::uint32_t attach = 0xA05F'0001;
constexpr std::uint32_t halt = 0xA05F'0003;
constexpr std::uint32_t step = 0xA05F'0005;
constexpr std::uint32_t is_halted = 1U << 17U;
constexpr std::uint32_t is_asleep = 1U << 18U;
constexpr std::uint32_t is_in_lockup = 1U << 19U;
constexpr std::uint32_t was_reset = 1U << 25U;

constexpr std::uint32_t tpiu_acpr = 0xE004'0010;
constexpr std::uint32_t tpiu_sppr = 0xE004'00F0;
constexpr std::uint32_t tpiu_ffcr = 0xE004'0304;
constexpr std::uint32_t itm_ter = 0xE000'0E00;
constexpr std::uint32_t itm_tcr = 0xE000'0E80;
constexpr std::uint32_t itm_lar = 0xE000'0FB0;
constexpr std::uint32_t itm_lsr = 0xE000'0FB4;
constexpr std::uint32_t dbgmcu_cr = 0xE004'2004;
constexpr std::uint32_t rcc_cfgr = 0x4002'3808;
constexpr std::uint32_t rcc_ahb1enr = 0x4002'3830;
constexpr std::uint32_t gpiob_moder = 0x4002'0400;
constexpr std::uint32_t gpiob_afrl = 0x4002'0420;

board_setup bare() {
    board_setup setup;
    setup.probe.reset();
    setup.debug_port = true;
    return setup;
}

class debugged : public machine {
public:
    explicit debugged(std::string_view firmware) : machine(firmware, bare()) {}

    std::uint32_t read(std::uint32_t address) { return (**this).debug_read(address, 4).value(); }
    void write(std::uint32_t address, std::uint32_t value) {
        ASSERT_TRUE((**this).debug_write(address, 4, value)) << std::hex << address;
    }
    void set_bits(std::uint32_t address, std::uint32_t clear, std::uint32_t set) {
        write(address, (read(address) & ~clear) | set);
    }
    std::uint32_t core_register(unsigned number) {
        write(dcrsr, number);
        return read(dcrdr);
    }
    void set_core_register(unsigned number, std::uint32_t value) {
        write(dcrdr, value);
        write(dcrsr, number | 1U << 16U);
    }
    void set_breakpoint(unsigned number, std::uint32_t address) {
        write(0xE000'2000, 3);
        const std::uint32_t half = (address & 2U) != 0 ? 2U << 30U : 1U << 30U;
        write(0xE000'2008 + 4 * number, half | (address & 0x1FFF'FFFCU) | 1U);
    }

    /// What OpenOCD writes for a trace.
    void set_up_trace() {
        write(demcr, 1U << 24U);
        set_bits(dbgmcu_cr, 0xC0, 0x20);
        write(tpiu_acpr, 83);
        write(tpiu_sppr, 2);
        write(tpiu_ffcr, 0x100);
        write(itm_lar, 0xC5AC'CE55);
        write(itm_tcr, 0x0001'0009);
        write(itm_ter, 0xFFFF'FFFF);
    }
};

TEST(Debugger, HaltsAndLetsGo) {
    debugged board("endless");
    board.write(dhcsr, halt);
    EXPECT_EQ(board.read(dhcsr) & is_halted, is_halted);
    EXPECT_EQ(board.run().why, run_end::kind::halted);
    const std::uint64_t before = board->now();
    board.write(dhcsr, attach);
    EXPECT_EQ(board.run({.cycles = before + 1000}).why, run_end::kind::limit);
    EXPECT_EQ(board.read(dhcsr) & is_halted, 0U);
}

TEST(Debugger, IsNotThereWithoutTheKey) {
    debugged board("endless");
    board.write(dhcsr, 0x1234'0003);
    EXPECT_EQ(board.read(dhcsr) & is_halted, 0U);
}

TEST(Debugger, SeesASleepingCoreThatGoesOnSleeping) {
    debugged board("endless");
    board.write(dhcsr, attach);
    static_cast<void>(board.run({.cycles = 20'000}));
    const auto asleep_in = [&](std::uint64_t cycles) {
        static_cast<void>(board.run({.cycles = board->now() + cycles}));
        return (board.read(dhcsr) & is_asleep) != 0;
    };
    int seen = 0;
    const std::uint64_t executed = board->instructions();
    for (int slice = 0; slice < 1000; ++slice)
        seen += asleep_in(10) ? 1 : 0;
    // Ten thousand cycles are ten ticks of a few instructions each.
    EXPECT_GT(seen, 900);
    EXPECT_LT(board->instructions() - executed, 1000U);
}

TEST(Debugger, StepsThroughARoutine) {
    debugged board("routines");
    board.write(dhcsr, attach);
    board.set_breakpoint(0, board.address_of("four_instructions"));
    EXPECT_EQ(board.run().why, run_end::kind::halted);
    EXPECT_EQ(board.core_register(15), board.address_of("four_instructions"));
    board.set_core_register(0, 5);
    board.set_core_register(1, 7);
    board.write(0xE000'2000, 2);
    board.write(dhcsr, step);
    EXPECT_EQ(board.read(dhcsr) & is_halted, is_halted);
    EXPECT_EQ(board.core_register(0), 12U);
    EXPECT_EQ(board.core_register(15) - board.address_of("four_instructions"), 2U);
}

TEST(Debugger, StaysAtABreakpointUntilItIsTakenAway) {
    debugged board("routines");
    board.write(dhcsr, attach);
    board.set_breakpoint(5, board.address_of("looping"));
    for (int time = 0; time < 3; ++time) {
        EXPECT_EQ(board.run().why, run_end::kind::halted);
        EXPECT_EQ(board.core_register(15), board.address_of("looping"));
        board.write(dhcsr, attach);
    }
    EXPECT_EQ(board.read(0xE000'ED30) & 2U, 2U); // DFSR.BKPT
    board.write(0xE000'2008 + 20, 0);
    EXPECT_NE(board.run({.cycles = board->now() + 100}).why, run_end::kind::halted);
}

TEST(Debugger, StepsOverAnItBlockAsOne) {
    debugged board("routines");
    board.write(dhcsr, attach);
    const std::uint32_t routine = board.address_of("conditional");
    board.set_breakpoint(0, routine + 2);
    EXPECT_EQ(board.run().why, run_end::kind::halted);
    board.write(0xE000'2000, 2);
    board.write(dhcsr, step);
    EXPECT_EQ(board.core_register(15), routine + 12) << "at the bx";
}

TEST(Debugger, ResetsAndCatchesTheFirstInstruction) {
    debugged board("hello");
    board.write(dhcsr, attach);
    static_cast<void>(board.run({.cycles = 100}));
    static_cast<void>(board.read(dhcsr));
    board.write(demcr, 1);
    board.write(0xE000'2000, 3);
    board.write(aircr, 0x05FA'0004);
    EXPECT_EQ(board.read(dhcsr) & (is_halted | was_reset), is_halted | was_reset);
    EXPECT_EQ(board.read(dhcsr) & was_reset, 0U) << "is cleared by reading";
    EXPECT_EQ(board.core_register(15), board.read(0x0800'0004) & ~1U);
    EXPECT_EQ(board.read(0xE000'2000) & 1U, 1U) << "breakpoints outlast a reset";
}

TEST(Debugger, FindsACoreWithoutAProgramInLockup) {
    struct : board_listener {
    } nobody;
    auto made = virtual_board::make(bare(), std::vector<std::uint8_t>(flash_size, 0xFF), nobody);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    virtual_board& board = **made;
    EXPECT_EQ(board.debug_read(dhcsr, 4).value() & is_in_lockup, is_in_lockup);
    EXPECT_FALSE(board.can_run());
    ASSERT_TRUE(board.debug_write(dhcsr, 4, halt));
    EXPECT_EQ(board.debug_read(dhcsr, 4).value() & (is_in_lockup | is_halted), is_halted);
    ASSERT_TRUE(board.debug_write(dhcsr, 4, attach));
    EXPECT_EQ(board.run().why, run_end::kind::faulted);
    EXPECT_EQ(board.debug_read(dhcsr, 4).value() & is_in_lockup, is_in_lockup);
}

TEST(Debugger, GetsAFaultWhereNothingIs) {
    debugged board("hello");
    EXPECT_EQ(board->debug_read(0x6000'0000, 4), std::nullopt);
    EXPECT_FALSE(board->debug_write(0x6000'0000, 1, 0));
}

TEST(Debugger, ProgramsFlashOnlyAsTheControllerSays) {
    constexpr std::uint32_t control = 0x4002'3C10;
    constexpr std::uint32_t status = 0x4002'3C0C;
    constexpr std::uint32_t place = 0x0804'0000;
    debugged board("hello");
    board.write(place, 0x1234);
    EXPECT_EQ(board.read(place), 0xFFFF'FFFFU) << "locked";
    EXPECT_NE(board.read(status) & 0x80U, 0U);
    board.write(0x4002'3C04, 0x4567'0123);
    board.write(0x4002'3C04, 0xCDEF'89AB);
    board.write(control, 0x201); // PG, words
    board.write(place, 0x1234'00FF);
    EXPECT_EQ(board.read(place), 0x1234'00FFU);
    board.write(place, 0xFFFF'0F0F);
    EXPECT_EQ(board.read(place), 0x1234'000FU) << "programming only clears bits";
    EXPECT_TRUE(board->take_flash_written());
    board.write(control, 0x0001'0000 | 6U << 3U | 2U); // sector 6
    EXPECT_EQ(board.read(place), 0xFFFF'FFFFU);
    board.write(control, 1U << 31U);
    board.write(control, 0x201);
    EXPECT_EQ(board.read(control), 1U << 31U) << "locked again";
}

TEST(Debugger, SetsUpATraceThatArrives) {
    debugged board("hello");
    board.set_up_trace();
    EXPECT_EQ(board.run().why, run_end::kind::idle);
    EXPECT_EQ(port_bytes(board.sent, 0), "hello, board\n");
    EXPECT_EQ(board->swo_baud(), 2'000'000U);
}

TEST(Debugger, FindsTheTraceAsItWasAfterAReset) {
    debugged board("hello");
    board.set_up_trace();
    static_cast<void>(board.run());
    board.sent.clear();
    board.write(aircr, 0x05FA'0004);
    static_cast<void>(board.run());
    EXPECT_EQ(port_bytes(board.sent, 0), "hello, board\n");
}

/// What silences a trace, by registers alone.
struct silence {
    const char* name;
    void (*make)(debugged&);
};

class Silent : public ::testing::TestWithParam<silence> {};

TEST_P(Silent, TraceGivesNothing) {
    debugged board("hello");
    board.set_up_trace();
    GetParam().make(board);
    static_cast<void>(board.run());
    EXPECT_THAT(board.sent, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    ,
    Silent,
    ::testing::Values(
        silence{"TraceIsNotEnabled", [](debugged& b) { b.write(demcr, 0); }},
        silence{"ItmIsOff", [](debugged& b) { b.write(itm_tcr, 0x0001'0008); }},
        silence{"PortIsClosed", [](debugged& b) { b.write(itm_ter, 0xFFFF'FFFE); }},
        silence{
            "ItmIsLocked",
            [](debugged& b) {
                b.write(itm_ter, 0);
                b.write(itm_lar, 0);
                b.write(itm_ter, 1);
                EXPECT_EQ(b.read(itm_lsr), 3U);
            }
        },
        silence{"ProtocolIsManchester", [](debugged& b) { b.write(tpiu_sppr, 1); }},
        silence{"ProtocolIsParallel", [](debugged& b) { b.write(tpiu_sppr, 0); }},
        silence{"TracePinsAreOff", [](debugged& b) { b.write(dbgmcu_cr, 0); }},
        silence{"TracePinsAreParallel", [](debugged& b) { b.write(dbgmcu_cr, 0x60); }},
        silence{
            "PinIsAnOutput",
            [](debugged& b) {
                b.set_bits(rcc_ahb1enr, 0, 2);
                b.set_bits(gpiob_moder, 0xC0, 0x40);
            }
        },
        silence{
            "PinHasAnotherFunction",
            [](debugged& b) {
                b.set_bits(rcc_ahb1enr, 0, 2);
                b.set_bits(gpiob_afrl, 0xF000, 0x6000);
            }
        }
    ),
    [](const auto& tested) { return tested.param.name; }
);

TEST(Debugger, CannotChangeAPortWithoutItsClock) {
    debugged board("hello");
    board.set_up_trace();
    board.write(gpiob_moder, 0);
    EXPECT_EQ(board.read(gpiob_moder), 0x280U);
    static_cast<void>(board.run());
    EXPECT_EQ(port_bytes(board.sent, 0), "hello, board\n");
}

TEST(Debugger, SeesTheRateFollowTheClocks) {
    debugged board("hello");
    board.set_up_trace();
    board.set_bits(rcc_cfgr, 3, 0); // the internal oscillator
    EXPECT_EQ(board.read(rcc_cfgr) & 0xFU, 0U) << "SWS follows SW";
    EXPECT_EQ(board->swo_baud(), 16'000'000U / 84U);
    board.set_bits(rcc_cfgr, 3, 1);
    EXPECT_EQ(board->swo_baud(), 8'000'000U / 84U);
    board.set_bits(rcc_cfgr, 0xF3, 0x82); // PLL again, divided by two
    EXPECT_EQ(board->swo_baud(), 84'000'000U / 84U);
    board.set_bits(rcc_cfgr, 0xF3, 2);
    board.write(0x4002'3804, 0x0801'2008); // what OpenOCD's reset-init writes: 16 / 8 * 128 / 4
    EXPECT_EQ(board->swo_baud(), 64'000'000U / 84U);
    board.write(aircr, 0x05FA'0004);
    EXPECT_EQ(board->swo_baud(), 2'000'000U);
}

TEST(Debugger, GetsFramesFromAFormatterLeftOn) {
    debugged board("hello");
    board.set_up_trace();
    board.write(tpiu_ffcr, 0x102);
    static_cast<void>(board.run());
    EXPECT_EQ(board.sent.size() % 16, 0U);
    EXPECT_EQ(board.sent.at(0), 3U); // source 1
}

// A boot loader: code in RAM programs flash, and then runs what it has written.
TEST(Debugger, LetsAProgramRunWhatItHasWrittenToFlash) {
    debugged board("hello");
    constexpr std::uint32_t place = 0x0804'0000;
    constexpr std::uint32_t loader = 0x2000'0000;
    board.write(dhcsr, halt);
    // str r1,[r0]; str r3,[r2] (locks); bx r4
    board.write(loader, 0x6013'6001U | 0U);
    board.write(loader + 4, 0xBE00'4720);
    const auto run_with = [&](std::uint32_t instruction) {
        board.write(0x4002'3C04, 0x4567'0123);
        board.write(0x4002'3C04, 0xCDEF'89AB);
        board.write(0x4002'3C10, 0x0001'0000 | 6U << 3U | 2U);
        board.write(0x4002'3C10, 0x201);
        board.set_core_register(0, place);
        board.set_core_register(1, 0xBE00'0000U | instruction); // and a breakpoint
        board.set_core_register(2, 0x4002'3C10);
        board.set_core_register(3, 1U << 31U);
        board.set_core_register(4, place | 1U);
        board.set_core_register(5, 100);
        board.set_core_register(15, loader);
        board.write(dhcsr, attach);
        EXPECT_EQ(board.run({.cycles = board->now() + 1000}).why, run_end::kind::halted);
        EXPECT_EQ(board.core_register(15), place + 2);
    };
    run_with(0x3501); // adds r5, #1
    EXPECT_EQ(board.core_register(5), 101U);
    run_with(0x3502);
    EXPECT_EQ(board.core_register(5), 102U);
}

} // namespace
} // namespace drone::board::test
