// SPDX-License-Identifier: MIT

#include "recording.hpp"

#include "board/board.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "capture_trace.hpp"
#include "paths.hpp"
#include "trace/read.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace drone::calls {
namespace {

template <class T>
T checked(result<T> made) {
    if (!made.has_value()) throw std::runtime_error(made.error().message);
    return std::move(made).value();
}

/// The firmware's file.
const char* program_of(tells what) {
    switch (what) {
    case tells::events:
        return DRONE_FIRMWARE_DIR "/calls.elf";
    case tells::who:
        return DRONE_FIRMWARE_DIR "/calls_who.elf";
    case tells::who_with_region:
        break;
    }
    return DRONE_FIRMWARE_DIR "/calls_region.elf";
}

/// The emulator's side: the board, and what it sees of the faces.
class observed_board : public board::board_listener {
public:
    explicit observed_board(tells what)
        : tells_who_(what != tells::events),
          program_(checked(board::read_firmware(program_of(what)))) {
        // The link is about as fast as the firmware talks, so that it sometimes has to wait.
        constexpr board::probe_setup probe{.baud = 42'000'000};
        board_ = checked(
            board::virtual_board::make({.probe = probe}, checked(flash_image(program_)), *this)
        );
    }

    void run(std::uint32_t steps) {
        std::vector<std::uint32_t> entries;
        entries.reserve(faces.size());
        for (const face& f : faces) {
            symbols_.push_back(symbol_of(f.symbol));
            entries.push_back(symbols_.back().address);
        }
        const board::call_meter meter(*board_, entries, [this](const board::call& done) {
            returned(done);
        });
        run_to(symbol_of("main").address);
        std::memcpy(
            board_->processor().ram(symbol_of("steps").address, 4).data(), &steps, sizeof steps
        );
        // At least nine times what a step takes: a program that does not end is one that failed.
        constexpr std::uint64_t most_cycles_a_step = 10'000;
        const board::run_end end =
            board_->run({.cycles = board_->now() + steps * most_cycles_a_step});
        board_->flush_trace();
        if (end.why != board::run_end::kind::exited || end.status != 0)
            throw std::runtime_error("the firmware did not come to its end: " + end.message);
        arena = word_at(symbol_of("arena").address);
    }

    bool swo(std::span<const std::uint8_t> bytes) override {
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        return true;
    }

    /// A caller as it is compared: the function where it is in one that a face was inlined into.
    std::uint32_t compared_caller(std::uint32_t caller) const {
        for (std::size_t i = 0; i < faces.size(); ++i) {
            const board::symbol& in = symbols_[i];
            if (faces[i].is_inlined && caller - in.address <= in.size) return in.address;
        }
        return caller;
    }

    std::vector<std::uint8_t> sent;
    std::vector<logged_call> calls; ///< in the order of their returns
    std::uint32_t arena = 0;

private:
    board::symbol symbol_of(std::string_view name) const {
        if (name != pmr_allocate && name != pmr_deallocate) return checked(program_.find(name));
        const auto found = std::ranges::find_if(program_.symbols, [&](const board::symbol& s) {
            return s.name.starts_with("_ZN5drone15memory_resource") &&
                   s.name.find(name) != std::string::npos;
        });
        if (found == program_.symbols.end()) throw std::runtime_error("no memory_resource");
        return *found;
    }

    std::uint32_t word_at(std::uint32_t address) const {
        const auto word = board_->processor().read_word(address);
        if (!word) throw std::runtime_error("an address outside of memory");
        return *word;
    }

    void run_to(std::uint32_t address) {
        if (board_->run({.address = address}).why != board::run_end::kind::address)
            throw std::runtime_error("never came to main");
    }

    void returned(const board::call& done) {
        logged_call call{.seen = done, .block = done.result};
        if (call.called().means == signature::posix_memalign)
            call.block = done.result == 0 ? word_at(done.arguments[0]) : 0;
        if (tells_who_) {
            call.caller = call.called().is_inlined ? symbols_[done.function].address : done.caller;
            call.context = done.exception;
        }
        calls.push_back(call);
    }

    bool tells_who_;
    std::vector<board::symbol> symbols_; ///< of the faces
    board::firmware program_;
    std::unique_ptr<board::virtual_board> board_;
};

/// Keeps the calls that the program made: one of a face by a face is part of that, unless a new
/// handler made it.
void keep_calls(std::vector<logged_call> all, recording& to) {
    std::ranges::sort(all, {}, [](const logged_call& call) {
        return std::tuple(call.seen.entered, ~call.seen.returned);
    });
    constexpr auto is_handler = [](const logged_call& call) {
        return call.called().means == signature::new_handler;
    };
    struct open_call {
        std::uint64_t returned;
        bool is_handler;
        std::size_t index; ///< in to.calls, of a face
    };
    std::map<unsigned, std::vector<open_call>> levels; // by exception number, innermost last
    std::vector<bool> preempted(all.size());
    for (const logged_call& call : all) {
        for (auto& [level, open] : levels) {
            while (!open.empty() && open.back().returned <= call.seen.entered)
                open.pop_back();
            if (level == call.seen.exception) continue;
            for (const open_call& outer : open)
                if (!outer.is_handler) preempted[outer.index] = true;
        }
        std::vector<open_call>& open = levels[call.seen.exception];
        if (is_handler(call)) {
            if (open.empty()) throw std::runtime_error("the new handler was called by nobody");
            ++to.calls[open.back().index].new_handled;
            open.push_back({call.seen.returned, true, 0});
        } else if (!open.empty() && !open.back().is_handler) {
            ++to.inner_calls;
        } else {
            open.push_back({call.seen.returned, false, to.calls.size()});
            to.calls.push_back(call);
        }
    }
    to.preempted = static_cast<std::size_t>(std::ranges::count(preempted, true));
}

/// What the reader reports, with blocks by their offsets.
class event_list : public trace::sink {
public:
    event_list(const observed_board& from, recording& to) : from_(from), to_(to) {}

    void on_heap(const trace::traced_heap& heap) override {
        heap_ = heap;
        to_.region = heap.region.offset;
    }
    void on_changes(std::span<const trace::change> changes) override {
        for (const trace::change& c : changes) {
            heap_event& e =
                add(c.gives_back ? operation::deallocate : operation::allocate, c.caller, c.context
                );
            e.offset = offset_of(c.block);
            if (c.gives_back) continue;
            e.size = c.size;
            e.alignment_log2 = c.alignment_log2;
        }
    }
    void
    on_resize(const trace::change& before, const trace::change& after, trace::resizing) override {
        if (before.block != after.block) throw std::runtime_error("a resize moved");
        heap_event& e = add(operation::resize, after.caller, after.context);
        e.offset = offset_of(after.block);
        e.size = after.size;
    }
    void on_failure(const trace::failure& f) override {
        add(operation::failed, f.caller, f.context).size = f.size;
    }
    void on_gap(std::uint64_t) override { ++to_.told_gaps; }

private:
    using operation = heap_event::operation;

    heap_event& add(operation what, std::uint32_t caller, std::uint16_t context) {
        return to_.events.emplace_back(heap_event{
            .what = what,
            .caller = caller == 0 ? 0 : from_.compared_caller(caller),
            .context = context == trace::no_context ? 0U : context,
        });
    }

    std::uint32_t offset_of(trace::block_number block) const {
        if (heap_.region.holds(block)) return heap_.region.offset_of(block);
        const std::size_t pool = trace::pool_of(heap_.pools, block);
        if (pool == heap_.pools.size()) throw std::runtime_error("a block of no pool");
        return heap_.pools[pool].offset_of(block);
    }

    const observed_board& from_;
    recording& to_;
    trace::traced_heap heap_;
};

} // namespace

recording record(tells what, std::uint32_t steps, const std::filesystem::path& trace) {
    observed_board board(what);
    board.run(steps);
    recording made;
    made.arena = board.arena;
    keep_calls(std::move(board.calls), made);
    made.sent = std::move(board.sent);
    trace::capture_trace(made.sent, trace);
    event_list events(board, made);
    made.found = checked(checked(trace::source::open(trace)).read(events));
    return made;
}

} // namespace drone::calls
