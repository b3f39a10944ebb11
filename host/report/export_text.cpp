// SPDX-License-Identifier: MIT

// Events one by one, as text: CSV, JSON Lines, the allocation log.

#include "report/export_events.hpp"
#include "report/function_name.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

namespace drone::report {

namespace {

const char* word(heap_event::kind what) {
    switch (what) {
    case heap_event::kind::taken:
        return "allocate";
    case heap_event::kind::given_back:
        return "free";
    case heap_event::kind::resized:
        return "resize";
    default:
        return "fail";
    }
}

/// The stack in one text, innermost first.
std::string in_words(const exported_run& of, std::uint32_t caller) {
    std::string text;
    for (const frame& f : of.stack(caller)) {
        if (!text.empty()) text += " < ";
        text += f.function;
        if (!f.file.empty()) text += fmt::format(" at {}:{}", f.file, f.line);
    }
    return text;
}

/// A field of RFC 4180.
std::string csv_text(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

/// A number, or nothing where it is not known.
std::string context_text(std::uint16_t context) {
    return context == trace::no_context ? "" : fmt::to_string(context);
}

std::string alignment_text(std::uint8_t log2) {
    return log2 == trace::alignment_not_told ? "" : fmt::to_string(1U << log2);
}

class csv final : public event_stream {
public:
    csv(const exported_run& of, std::FILE* to) : event_stream(of), to_(to) {
        fmt::print(
            to,
            "event,time_us,what,block,size,old_size,alignment,context,live_bytes,live_blocks,caller,"
            "functions\n"
        );
    }

private:
    void on_event(const heap_event& e) override {
        const bool resized = e.what == heap_event::kind::resized;
        fmt::print(
            to_,
            "{},{},{},{},{},{},{},{},{},{},{},{}\n",
            e.number,
            of().has_time() ? fmt::format("{:.3f}", e.micros) : "",
            word(e.what),
            e.id == 0 ? "" : fmt::to_string(e.id),
            e.size,
            resized ? fmt::to_string(e.old_size) : "",
            alignment_text(e.alignment_log2),
            context_text(e.context),
            e.live_bytes,
            e.live_blocks,
            e.caller == 0 ? "" : fmt::format("{:#x}", of().address(e.caller)),
            e.caller == 0 ? "" : csv_text(in_words(of(), e.caller))
        );
    }

    std::FILE* to_;
};

/// A caller's functions are in a line of their own, before the first event that names it.
class jsonl final : public event_stream {
public:
    jsonl(const exported_run& of, std::FILE* to) : event_stream(of), to_(to) {}

private:
    void on_event(const heap_event& e) override {
        if (e.caller != 0 && known_.insert(e.caller).second) introduce(e.caller);
        fmt::print(to_, R"({{"event":{},"what":"{}","size":{})", e.number, word(e.what), e.size);
        if (of().has_time()) fmt::print(to_, R"(,"time_us":{:.3f})", e.micros);
        if (e.id != 0) fmt::print(to_, R"(,"block":{})", e.id);
        if (e.what == heap_event::kind::resized)
            fmt::print(to_, R"(,"old_size":{},"copied":{})", e.old_size, e.copied);
        if (e.alignment_log2 != trace::alignment_not_told)
            fmt::print(to_, R"(,"alignment":{})", 1U << e.alignment_log2);
        if (e.context != trace::no_context) fmt::print(to_, R"(,"context":{})", e.context);
        if (e.caller != 0) fmt::print(to_, R"(,"caller":"{:#x}")", of().address(e.caller));
        fmt::print(
            to_,
            R"(,"live_bytes":{},"live_blocks":{}}})"
            "\n",
            e.live_bytes,
            e.live_blocks
        );
    }

    void on_missing(std::uint64_t lost) override {
        fmt::print(
            to_,
            R"({{"gap":{}}})"
            "\n",
            lost
        );
    }

    void introduce(std::uint32_t caller) {
        fmt::print(to_, R"({{"caller":"{:#x}","functions":[)", of().address(caller));
        const char* comma = "";
        for (const frame& f : of().stack(caller))
            fmt::print(
                to_,
                R"({}{{"function":{},"file":{},"line":{}}})",
                std::exchange(comma, ","),
                json_text(f.function),
                json_text(f.file),
                f.line
            );
        fmt::print(to_, "]}}\n");
    }

    std::FILE* to_;
    std::set<std::uint32_t> known_;
};

/// What the tool reads again (docs/formats.md). A resize in place is a release and an allocation:
/// the log's own resize has both blocks live for a moment.
class allocation_log final : public event_stream {
public:
    allocation_log(const exported_run& of, std::FILE* to) : event_stream(of), to_(to) {
        fmt::print(to, "# {}, {} events\n", of.title(), of.details().found.events);
    }

private:
    void on_event(const heap_event& e) override {
        if (of().has_time()) tell_time(static_cast<std::uint64_t>(e.micros));
        switch (e.what) {
        case heap_event::kind::taken:
            allocate(e);
            break;
        case heap_event::kind::given_back:
            fmt::print(to_, "f {}\n", e.id);
            break;
        case heap_event::kind::resized:
            if (e.copied) {
                fmt::print(to_, "r {} {}\n", e.id, e.size);
                break;
            }
            fmt::print(to_, "f {}\n", e.id);
            allocate(e);
            break;
        default:
            introduce(e.caller);
            fmt::print(to_, "x {}{}{}\n", e.size, alignment(e), by(e));
        }
    }

    void on_missing(std::uint64_t lost) override { fmt::print(to_, "# gap, {} lost\n", lost); }

    void allocate(const heap_event& e) {
        introduce(e.caller);
        fmt::print(to_, "a {} {}{}{}\n", e.id, e.size, alignment(e), by(e));
    }

    static std::string alignment(const heap_event& e) {
        const std::string text = alignment_text(e.alignment_log2);
        return text.empty() ? "" : " " + text;
    }

    std::string by(const heap_event& e) {
        if (of().details().found.frames_of(e.caller).empty()) return "";
        return trace::is_stack(e.caller) ? fmt::format(" @{}", name(e.caller))
                                         : fmt::format(" @{:#x}", of().address(e.caller));
    }

    static std::string name(std::uint32_t stack) {
        return fmt::format("s{}", (stack & ~trace::stack_bit) + 1);
    }

    void tell_time(std::uint64_t micros) {
        if (micros <= told_) return;
        told_ = micros;
        fmt::print(to_, "t {}\n", micros);
    }

    void introduce(std::uint32_t caller) {
        if (caller == 0 || !known_.insert(caller).second) return;
        if (trace::is_stack(caller)) return describe_stack(caller);
        if (of().is_anonymised()) return;
        fmt::print(to_, "# {:#x} {}\n", of().address(caller), in_words(of(), caller));
    }

    void describe_stack(std::uint32_t caller) {
        const trace::call_stack* const stack = of().details().found.stack_of(caller);
        if (stack == nullptr || stack->frames.empty()) return; // what it was is lost
        for (const std::uint32_t frame : stack->frames)
            introduce(frame);
        fmt::print(to_, "s {}", name(caller));
        for (const std::uint32_t frame : stack->frames)
            fmt::print(to_, " {:#x}", of().address(frame));
        fmt::print(to_, "{}\n", stack->is_whole ? "" : " ...");
    }

    std::FILE* to_;
    std::uint64_t told_ = 0; ///< microseconds
    std::set<std::uint32_t> known_;
};

} // namespace

result<void> write_csv(const exported_run& of, std::FILE* to) {
    csv events(of, to);
    return read_into(of, events);
}

result<void> write_jsonl(const exported_run& of, std::FILE* to) {
    jsonl events(of, to);
    return read_into(of, events);
}

result<void> write_log(const exported_run& of, std::FILE* to) {
    allocation_log events(of, to);
    return read_into(of, events);
}

} // namespace drone::report
