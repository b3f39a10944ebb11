// SPDX-License-Identifier: MIT
// The stacks that a firmware sends, against those that the emulator saw: every call and return of the
// program, whatever its debug information says.

#include "base/bytes.hpp"
#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/preemption.hpp"
#include "capture_trace.hpp"
#include "frames/call_sites.hpp"
#include "frames/frame_table.hpp"
#include "paths.hpp"
#include "trace/read.hpp"
#include "trace_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drone::frames {
namespace {

using stack = std::vector<std::uint32_t>; // innermost first
using stacks_of_contexts = std::map<unsigned, std::vector<stack>>;

/// The functions that a program takes and gives back blocks by, with the argument that is the block. A
/// wrapper of the C tracer reports only calls that are not made by another one.
struct heap_faces {
    std::vector<const char*> takes;
    std::vector<std::pair<const char*, unsigned>> gives_back;
};
const heap_faces of_our_heap{
    {"_Znwj", "_Znaj", "malloc", "calloc", "_malloc_r", "_calloc_r"},
    {{"_ZdlPv", 0}, {"_ZdlPvj", 0}, {"_ZdaPv", 0}, {"free", 0}, {"_free_r", 1}}
};
const heap_faces of_the_c_tracer{
    {"__wrap__malloc_r", "interrupt_takes"}, {{"__wrap__free_r", 1}, {"interrupt_gives_back", 2}}
};

/// Follows calls and returns; notes the stack at the entry of each face of the heap.
class shadow : public board::board_observer {
public:
    shadow(
        board::virtual_board& board,
        const std::string& elf,
        const board::firmware& program,
        const heap_faces& faces
    )
        : code_(read_call_frames(elf).value()) {
        for (const char* const name : faces.takes)
            if (const auto found = program.find(name)) takes_.push_back(found->address);
        for (const auto& [name, argument] : faces.gives_back)
            if (const auto found = program.find(name))
                gives_back_.push_back({found->address, argument});
        board.observe(*this);
    }

    bool wants_every_instruction() const override { return true; }
    void executing(board::virtual_board& board, std::uint32_t address) override {
        board::core& processor = board.processor();
        const std::uint32_t here = processor.get(UC_ARM_REG_SP);
        push_pending(address);
        std::vector<open_call>& level = levels_.back();
        // Subroutines in assembler may return to another place than after their call.
        while (!level.empty() && level.back().sp < here)
            level.pop_back();
        const auto returned = std::ranges::find_if(level, [&](const open_call& call) {
            return call.returns_to == address && call.sp == here;
        });
        level.erase(returned, level.end());
        note(board, address);
        const auto first = processor.memory(address, 2);
        if (first.size() < 2) return;
        const auto bytes = std::as_bytes(first);
        const std::size_t size =
            instruction_length(machine::arm, base::load_le<std::uint16_t>(bytes.data()));
        const auto whole =
            std::as_bytes(processor.memory(address, static_cast<std::uint32_t>(size)));
        if (is_call(machine::arm, whole))
            pending_ = open_call{address, address + static_cast<std::uint32_t>(size), here};
    }
    void entered_exception(board::virtual_board& board, unsigned) override {
        constexpr std::uint32_t stacked_pc = 24; // B1.5.6
        const board::core& processor = board.processor();
        push_pending(processor.read_word(processor.get(UC_ARM_REG_SP) + stacked_pc).value_or(0));
        levels_.emplace_back();
    }
    void left_exception(board::virtual_board&, unsigned) override { levels_.pop_back(); }

    struct open_call {
        std::uint32_t address;
        std::uint32_t returns_to;
        std::uint32_t sp;
    };
    /// What it followed so far, to go back to.
    struct moment {
        stacks_of_contexts seen;
        std::vector<std::vector<open_call>> levels{1};
        std::optional<open_call> pending;
    };
    [[nodiscard]] const stacks_of_contexts& seen() const { return now_.seen; }
    [[nodiscard]] moment save() const { return now_; }
    void restore(const moment& then) { now_ = then; }

private:
    struct face {
        std::uint32_t address;
        unsigned block_argument;
    };

    /// The call is under way, unless what comes next shows that it was not made: conditional, or
    /// interrupted before.
    void push_pending(std::uint32_t next) {
        if (pending_ && next != pending_->returns_to && next != pending_->address &&
            !is_jump(pending_->address, next))
            levels_.back().push_back(*pending_);
        pending_.reset();
    }
    /// Compilers make far jumps within a function with the instruction of calls.
    bool is_jump(std::uint32_t from, std::uint32_t to) const {
        const auto function = std::ranges::upper_bound(code_, from, {}, &code_range::end);
        return function != code_.end() && from >= function->begin && to > function->begin &&
               to < function->end;
    }
    void note(board::virtual_board& board, std::uint32_t address) {
        const bool takes = std::ranges::find(takes_, address) != takes_.end();
        const bool gives_back = std::ranges::any_of(gives_back_, [&](const face& f) {
            return f.address == address &&
                   (f.block_argument > 1 || board.processor().argument(f.block_argument) != 0);
        });
        if (!takes && !gives_back) return;
        stack frames;
        for (auto call = levels_.back().rbegin(); call != levels_.back().rend(); ++call)
            frames.push_back(call->returns_to);
        now_.seen[board.processor().exception_number()].push_back(std::move(frames));
    }

    std::vector<code_range> code_; ///< for its functions only
    std::vector<std::uint32_t> takes_;
    std::vector<face> gives_back_;
    moment now_;
    std::vector<std::vector<open_call>>& levels_ = now_.levels;
    std::optional<open_call>& pending_ = now_.pending;
};

/// Every event's stack, as `drone heap` reads the trace.
class told_stacks : public trace::sink {
public:
    void on_changes(std::span<const trace::change> changes) override {
        for (const trace::change& c : changes)
            callers[c.context == trace::no_context ? 0U : c.context].push_back(c.caller);
    }
    std::map<unsigned, std::vector<std::uint32_t>> callers;
};

/// What a capture says, and what the emulator saw.
struct comparison {
    stacks_of_contexts seen;
    told_stacks told;
    trace::findings found;

    comparison() = default;
    comparison(stacks_of_contexts saw, std::span<const std::uint8_t> sent) : seen(std::move(saw)) {
        const trace::temporary_file file("");
        trace::capture_trace({sent.begin(), sent.end()}, file.path());
        found = trace::source::open(file.path()).value().read(told).value();
    }

    /// Every stack that was sent is the one of its event. Returns how many there are.
    std::size_t compare(std::size_t depth) const {
        std::size_t events = 0;
        for (const auto& [context, expected] : seen) {
            const auto of_context = told.callers.find(context);
            EXPECT_NE(of_context, told.callers.end()) << "context " << context;
            if (of_context == told.callers.end()) continue;
            EXPECT_EQ(of_context->second.size(), expected.size()) << "context " << context;
            const std::size_t count = std::min(of_context->second.size(), expected.size());
            for (std::size_t i = 0; i < count; ++i) {
                const std::uint32_t caller = of_context->second[i];
                stack whole = expected[i];
                const bool is_cut = whole.size() > depth;
                if (is_cut) whole.resize(depth);
                EXPECT_NE(caller & trace::stack_bit, 0U) << "event " << i << " of " << context;
                EXPECT_EQ(found.frames_of(caller), whole) << "event " << i << " of " << context;
                if (is_cut) {
                    EXPECT_FALSE(found.stacks[caller & ~trace::stack_bit].is_whole);
                }
                if (testing::Test::HasFailure()) return events;
                ++events;
            }
        }
        return events;
    }
};

struct run : board::board_listener, comparison {
    std::vector<std::uint8_t> sent;

    run(const std::string& elf,
        std::uint32_t tick_period,
        std::uint32_t baud,
        const heap_faces& faces = of_our_heap) {
        const board::firmware program = board::read_firmware(elf).value();
        const auto board =
            board::virtual_board::make(
                {.probe = board::probe_setup{.baud = baud}}, flash_image(program).value(), *this
            )
                .value();
        shadow follows(*board, elf, program, faces);
        const auto at_main = board->run({.address = program.find("main").value().address});
        EXPECT_EQ(at_main.why, board::run_end::kind::address);
        const std::uint32_t period = program.find("tick_period").value().address;
        std::memcpy(board->processor().ram(period, 4).data(), &tick_period, sizeof tick_period);
        const board::run_end end = board->run();
        EXPECT_EQ(end.why, board::run_end::kind::exited) << end.message;
        EXPECT_EQ(end.status, 0);
        board->flush_trace();
        static_cast<comparison&>(*this) = comparison(follows.seen(), sent);
    }
    bool swo(std::span<const std::uint8_t> bytes) override {
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        return true;
    }
};

constexpr std::uint32_t fast = 42'000'000; // baud: the link seldom has to be waited for

/// An interrupt that calls the heap before every instruction of a call of `subject`, one run each: of the
/// `call`th one. In each run every event has its stack. Returns the runs.
struct preempted : board::board_listener {
    std::vector<std::uint8_t> sent;

    std::uint64_t runs(const std::string& elf, unsigned call, std::uint32_t baud) {
        const board::firmware program = board::read_firmware(elf).value();
        const auto board =
            board::virtual_board::make(
                {.probe = board::probe_setup{.baud = baud}}, flash_image(program).value(), *this
            )
                .value();
        shadow follows(*board, elf, program, of_our_heap);
        for (unsigned i = 0; i < call; ++i) {
            board::run_limits to_subject;
            to_subject.address = program.find("subject").value().address;
            EXPECT_EQ(board->run(to_subject).why, board::run_end::kind::address);
        }
        const auto followed = follows.save();
        const std::size_t before = sent.size();
        return board::preempt_everywhere(
            *board,
            0,
            [&](board::virtual_board& at, const board::preempted_run& one) {
                EXPECT_EQ(one.end.why, board::run_end::kind::address) << one.end.message;
                const board::run_end end = at.run();
                EXPECT_EQ(end.why, board::run_end::kind::exited) << end.message;
                at.flush_trace();
                const comparison all(follows.seen(), sent);
                EXPECT_EQ(all.compare(8), 6U + 4U) << "the program's and the interrupt's events";
                EXPECT_EQ(all.found.gaps + all.found.damaged, 0U);
                follows.restore(followed);
                sent.resize(before);
                EXPECT_FALSE(testing::Test::HasFailure())
                    << "an interrupt before instruction " << one.outer << " of call " << call;
                return !testing::Test::HasFailure();
            }
        );
    }
    bool swo(std::span<const std::uint8_t> bytes) override {
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        return true;
    }
};

TEST(StackWalk, SendsTheStackOfEveryEvent) {
    const run all(DRONE_FIRMWARE_DIR "/frames_stacks.elf", 5'000, fast);
    const std::size_t events = all.compare(16);
    EXPECT_GT(events, 1'000U);
    EXPECT_EQ(all.found.gaps, 0U);
    EXPECT_EQ(all.found.damaged, 0U);
    EXPECT_GT(std::ranges::count(all.found.stacks, true, &trace::call_stack::is_whole), 20);
    std::printf("%zu events, %zu stacks\n", events, all.found.stacks.size());
}

TEST(StackWalk, GoesThroughTheLibrarysOwnStrings) {
    const run all(DRONE_FIRMWARE_DIR "/frames_stacks_plain.elf", 5'000, fast);
    EXPECT_GT(all.compare(8), 1'000U);
}

TEST(StackWalk, IsRightOnASmallCore) {
    const run all(DRONE_FIRMWARE_DIR "/frames_stacks_m0.elf", 7'000, fast);
    EXPECT_GT(all.compare(4), 1'000U);
}

TEST(StackWalk, IsRightWhereverAnInterruptCallsTheHeap) {
    for (std::uint32_t period = 2'003; period < 2'103; period += 11) {
        const run all(DRONE_FIRMWARE_DIR "/frames_stacks.elf", period, fast);
        all.compare(16);
        ASSERT_FALSE(HasFailure()) << "a tick every " << period;
    }
}

TEST(StackWalk, IsRightWhereverAnInterruptComesInTheWalkAndTheAnnouncement) {
    struct place {
        const char* firmware;
        unsigned call; ///< the stack is new at the first one, known at the second
    };
    for (const auto [firmware, call] :
         {place{"/frames_preempted.elf", 1},
          {"/frames_preempted.elf", 2},
          {"/frames_preempted_m0.elf", 1}}) {
        const std::uint64_t runs =
            preempted{}.runs(std::string(DRONE_FIRMWARE_DIR) + firmware, call, fast);
        EXPECT_GT(runs, 1'000U);
        ASSERT_FALSE(HasFailure()) << firmware;
    }
}

TEST(StackWalk, IsRightWhereTheLinkIsSlow) {
    const run all(DRONE_FIRMWARE_DIR "/frames_stacks.elf", 200'003, 2'000'000);
    EXPECT_GT(all.compare(16), 1'000U);
}

TEST(StackWalk, OfTheCTracerSendsTheStackOfEveryEvent) {
    const run all(DRONE_FIRMWARE_DIR "/frames_c.elf", 5'000, fast, of_the_c_tracer);
    const std::size_t events = all.compare(16);
    EXPECT_GT(events, 1'000U);
    EXPECT_EQ(all.found.gaps, 0U);
    EXPECT_EQ(all.found.damaged, 0U);
    EXPECT_GT(std::ranges::count(all.found.stacks, true, &trace::call_stack::is_whole), 20);
    EXPECT_EQ(all.seen.size(), 2U) << "the program and its interrupt";
    std::printf("%zu events, %zu stacks\n", events, all.found.stacks.size());
}

TEST(StackWalk, OfTheCTracerIsRightWhereverAnInterruptReports) {
    for (std::uint32_t period = 2'003; period < 2'103; period += 11) {
        const run all(DRONE_FIRMWARE_DIR "/frames_c_fast.elf", period, fast, of_the_c_tracer);
        EXPECT_GT(all.compare(8), 1'000U);
        ASSERT_FALSE(HasFailure()) << "a tick every " << period;
    }
}

TEST(StackWalk, OfTheCTracerIsRightWhereTheLinkIsSlow) {
    const run all(DRONE_FIRMWARE_DIR "/frames_c.elf", 200'003, 2'000'000, of_the_c_tracer);
    EXPECT_GT(all.compare(16), 1'000U);
}

TEST(StackWalk, UsesATableThatTheFirmwareCarries) {
    EXPECT_TRUE(check_frame_table(DRONE_FIRMWARE_DIR "/frames_stacks.elf"));
    EXPECT_TRUE(check_frame_table(DRONE_FIRMWARE_DIR "/frames_stacks_m0.elf"));
}

TEST(StackWalk, RefusesTheTableOfAnotherProgram) {
    const trace::temporary_file file("");
    const std::string elf = DRONE_FIRMWARE_DIR "/frames_stacks.elf";
    auto other = make_frame_table(std::filesystem::path(DRONE_FIRMWARE_DIR "/frames_program.elf"));
    const auto own = read_frame_table(elf);
    ASSERT_TRUE(other && own);
    std::ifstream in(elf, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const std::string before(
        reinterpret_cast<const char*>(own->data()), own->size() * sizeof(std::uint32_t)
    );
    const std::size_t at = bytes.find(before);
    ASSERT_NE(at, std::string::npos);
    other->words.resize(own->size());
    std::memcpy(&bytes[at], other->words.data(), before.size());
    std::ofstream(file.path(), std::ios::binary) << bytes;
    const auto checked = check_frame_table(file.path());
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, error_kind::changed);
    EXPECT_NE(checked.error().message.find("is another build's"), std::string::npos);
}

} // namespace
} // namespace drone::frames
