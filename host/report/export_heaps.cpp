// SPDX-License-Identifier: MIT

// Formats of other heap profilers: massif, heaptrack.

#include "report/export_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace drone::report {

namespace {

/// Massif's tree: allocating functions on top, their callers below.
struct called_from {
    std::map<frame, called_from> callers;
    std::uint64_t bytes = 0;
};

void write_tree(const std::string& what, const called_from& node, unsigned depth, std::FILE* to) {
    fmt::print(
        to, "{}n{}: {} {}\n", std::string(depth, ' '), node.callers.size(), node.bytes, what
    );
    std::vector<const std::pair<const frame, called_from>*> ordered;
    ordered.reserve(node.callers.size());
    for (const auto& entry : node.callers)
        ordered.push_back(&entry);
    std::ranges::stable_sort(ordered, std::greater(), [](const auto* e) {
        return e->second.bytes;
    });
    for (const auto* const entry : ordered) {
        const frame& f = entry->first;
        const std::string place = f.file.empty() ? "" : fmt::format(" ({}:{})", f.file, f.line);
        // An address is what its reader looks for; the functions here have names.
        write_tree(fmt::format("0x0: {}{}", f.function, place), entry->second, depth + 1, to);
    }
}

called_from
tree_of(const exported_run& of, const std::map<std::uint32_t, stack_total>& totals, bool at_peak) {
    called_from root;
    for (const auto& [caller, total] : totals) {
        const std::uint64_t bytes = at_peak ? total.peak_bytes : total.live_bytes;
        if (bytes == 0) continue;
        called_from* at = &root;
        root.bytes += bytes;
        for (const frame& f : of.stack(caller)) {
            at = &at->callers[f];
            at->bytes += bytes;
        }
    }
    return root;
}

/// A snapshot every so many events, one at the peak, one at the end.
class massif final : public event_stream {
public:
    static constexpr std::uint64_t snapshots = 100;

    massif(
        const exported_run& of, const std::map<std::uint32_t, stack_total>& totals, std::FILE* to
    )
        : event_stream(of), totals_(totals), to_(to), last_(of.details().found.events),
          distance_(std::max<std::uint64_t>(1, last_ / snapshots)) {
        fmt::print(
            to, "desc: (none)\ncmd: {}\ntime_unit: {}\n", of.title(), of.has_time() ? "ms" : "i"
        );
        snapshot(0, 0, "empty");
    }

    /// The last snapshot has the tree of what is live.
    void finish() { detailed(live_, "detailed", false); }

private:
    void on_event(const heap_event& e) override {
        live_ = e.live_bytes;
        if (e.number == of().details().details.peak().event)
            return detailed(of().report().usage.peak_bytes(), "peak", true);
        if (e.number % distance_ == 0 && e.number != last_) snapshot(now(), live_, "empty");
    }

    void snapshot(double micros, std::uint64_t bytes, const char* tree) {
        fmt::print(
            to_,
            "#-----------\nsnapshot={}\n#-----------\ntime={}\nmem_heap_B={}\nmem_heap_extra_B=0\n"
            "mem_stacks_B=0\nheap_tree={}\n",
            number_++,
            static_cast<std::uint64_t>(of().has_time() ? micros / 1000 : micros),
            bytes,
            tree
        );
    }

    void detailed(std::uint64_t bytes, const char* kind, bool at_peak) {
        snapshot(now(), bytes, kind);
        write_tree(
            "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.",
            tree_of(of(), totals_, at_peak),
            0,
            to_
        );
    }

    const std::map<std::uint32_t, stack_total>& totals_;
    std::FILE* to_;
    std::uint64_t last_;
    std::uint64_t distance_; ///< events from one snapshot to the next
    std::uint64_t number_ = 0;
    std::uint64_t live_ = 0;
};

/// heaptrack's interpreted file, version 1: what is named in it was named before.
class heaptrack final : public event_stream {
public:
    heaptrack(const exported_run& of, std::FILE* to) : event_stream(of), to_(to) {
        fmt::print(to, "v 10400 1\nX {}\nI 1000 0\n", of.title());
    }

private:
    void on_event(const heap_event& e) override {
        tell_time();
        switch (e.what) {
        case heap_event::kind::taken:
            note('+', e.size, e.caller);
            break;
        case heap_event::kind::given_back:
            note('-', e.size, e.caller);
            break;
        case heap_event::kind::resized:
            if (!e.copied) note('-', e.old_size, e.caller);
            note('+', e.size, e.caller);
            if (e.copied) note('-', e.old_size, e.caller);
            break;
        default:
            break;
        }
    }

    void note(char what, std::uint32_t size, std::uint32_t caller) {
        const auto [known, is_new] = allocations_.try_emplace({size, caller}, allocations_.size());
        if (is_new) fmt::print(to_, "a {:x} {:x}\n", size, trace_of(caller));
        fmt::print(to_, "{} {:x}\n", what, known->second);
    }

    /// Milliseconds.
    void tell_time() {
        if (!of().has_time()) return;
        const auto millis = static_cast<std::uint64_t>(now() / 1000);
        if (millis <= told_) return;
        told_ = millis;
        fmt::print(to_, "c {:x}\n", millis);
    }

    /// Traces, strings and instructions count from 1.
    std::size_t trace_of(std::uint32_t caller) {
        if (const auto known = traces_.find(caller); known != traces_.end()) return known->second;
        std::size_t parent = 0;
        const std::vector<frame>& stack = of().stack(caller);
        for (auto f = stack.rbegin(); f != stack.rend(); ++f) {
            const std::size_t at = instruction_of(*f);
            const auto [known, is_new] = nodes_.try_emplace({at, parent}, nodes_.size() + 1);
            if (is_new) fmt::print(to_, "t {:x} {:x}\n", at, parent);
            parent = known->second;
        }
        return traces_[caller] = parent;
    }

    std::size_t instruction_of(const frame& f) {
        if (const auto known = instructions_.find(f); known != instructions_.end())
            return known->second;
        const std::size_t module = string_of(of().title());
        const std::size_t function = string_of(f.function);
        const std::size_t file = f.file.empty() ? 0 : string_of(f.file);
        const std::size_t number = instructions_.size() + 1;
        fmt::print(to_, "i {:x} {:x} {:x}", number, module, function);
        if (file != 0) fmt::print(to_, " {:x} {:x}", file, f.line);
        fmt::print(to_, "\n");
        return instructions_[f] = number;
    }

    std::size_t string_of(const std::string& text) {
        const auto [known, is_new] = strings_.try_emplace(text, strings_.size() + 1);
        if (is_new) fmt::print(to_, "s {}\n", text);
        return known->second;
    }

    std::FILE* to_;
    std::uint64_t told_ = 0;
    std::map<std::string, std::size_t> strings_;
    std::map<frame, std::size_t> instructions_;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> nodes_; ///< by instruction, parent
    std::map<std::uint32_t, std::size_t> traces_;                      ///< by caller
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> allocations_;
};

} // namespace

result<void> write_massif(const exported_run& of, std::FILE* to) {
    const auto totals = stack_totals(of);
    if (!totals) return std::unexpected(totals.error());
    massif events(of, *totals, to);
    if (const auto read = read_into(of, events); !read) return read;
    events.finish();
    return {};
}

result<void> write_heaptrack(const exported_run& of, std::FILE* to) {
    heaptrack events(of, to);
    return read_into(of, events);
}

} // namespace drone::report
