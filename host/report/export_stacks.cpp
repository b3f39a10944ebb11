// SPDX-License-Identifier: MIT

// Formats that add up what each stack asked for: pprof, speedscope, V8's heapprofile, callgrind.

#include "report/export_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <zlib.h>

namespace drone::report {

namespace {

/// Numbers things in the order in which they come.
template <class Key>
class numbering {
public:
    explicit numbering(std::size_t first) : first_(first) {}

    std::size_t operator()(const Key& key) {
        const auto [known, is_new] = numbers_.try_emplace(key, first_ + order_.size());
        if (is_new) order_.push_back(&known->first);
        return known->second;
    }
    [[nodiscard]] const std::vector<const Key*>& order() const { return order_; }

private:
    std::size_t first_;
    std::map<Key, std::size_t> numbers_;
    std::vector<const Key*> order_;
};

/// A message of Protocol Buffers: varints and length-delimited fields are all that a profile has.
class message {
public:
    message& number(unsigned field, std::uint64_t value) {
        varint(field << 3U);
        varint(value);
        return *this;
    }
    message& text(unsigned field, std::string_view value) {
        varint(field << 3U | 2U);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    message& part(unsigned field, const message& value) { return text(field, value.bytes_); }
    message& packed(unsigned field, const std::vector<std::uint64_t>& values) {
        message all;
        for (const std::uint64_t value : values)
            all.varint(value);
        return part(field, all);
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U)
            bytes_ += static_cast<char>(value | 0x80U);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

std::string gzip(const std::string& bytes) {
    z_stream stream{};
    constexpr int with_gzip_header = 16;
    deflateInit2(
        &stream,
        Z_DEFAULT_COMPRESSION,
        Z_DEFLATED,
        MAX_WBITS + with_gzip_header,
        MAX_MEM_LEVEL,
        Z_DEFAULT_STRATEGY
    );
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

void write_text(std::string_view text, std::FILE* to) {
    std::fwrite(text.data(), 1, text.size(), to);
}

/// The strings, functions and locations of a profile, numbered as they are needed.
class profile {
public:
    profile() { string(""); }

    std::uint64_t string(const std::string& text) { return strings_(text); }
    /// Of a frame with that code address.
    std::uint64_t location(const frame& f, std::uint64_t address) {
        return locations_({f, address});
    }

    /// Adds all that was numbered.
    void finish(message& to) {
        for (const auto* const place : locations_.order()) {
            const auto& [f, address] = *place;
            message line;
            line.number(1, functions_({f.function, f.file, 0})).number(2, f.line);
            message made;
            made.number(1, locations_(*place)).number(3, address).part(4, line);
            to.part(4, made);
        }
        for (const frame* const f : functions_.order()) {
            message made;
            made.number(1, functions_(*f))
                .number(2, string(f->function))
                .number(4, string(f->file));
            to.part(5, made);
        }
        for (const std::string* const text : strings_.order())
            to.text(6, *text);
    }

private:
    numbering<std::string> strings_{0};
    numbering<frame> functions_{1};
    numbering<std::pair<frame, std::uint64_t>> locations_{1};
};

/// Nodes that hold bytes, callers above callees.
struct call_node {
    std::map<frame, call_node> callees;
    std::uint64_t own = 0;
};

call_node tree_of(const exported_run& of, const std::map<std::uint32_t, stack_total>& totals) {
    call_node root;
    for (const auto& [caller, total] : totals) {
        if (total.peak_bytes == 0) continue;
        call_node* at = &root;
        const std::vector<frame>& stack = of.stack(caller);
        for (auto f = stack.rbegin(); f != stack.rend(); ++f)
            at = &at->callees[*f];
        at->own += total.peak_bytes;
    }
    return root;
}

void write_node(const frame& f, const call_node& node, unsigned& id, std::FILE* to) {
    // V8 counts lines from 0.
    fmt::print(
        to,
        R"({{"callFrame":{{"functionName":{},"scriptId":"0","url":{},"lineNumber":{},"columnNumber":-1}},)"
        R"("selfSize":{},"id":{},"children":[)",
        json_text(f.function),
        json_text(f.file),
        static_cast<std::int64_t>(f.line) - 1,
        node.own,
        ++id
    );
    const char* comma = "";
    for (const auto& [callee, below] : node.callees) {
        write_text(std::exchange(comma, ","), to);
        write_node(callee, below, id, to);
    }
    write_text("]}", to);
}

/// What callgrind counts for a line or a call.
struct cost {
    std::array<std::uint64_t, 4> values{};

    void add(const stack_total& t) {
        values[0] += t.bytes;
        values[1] += t.count;
        values[2] += t.peak_bytes;
        values[3] += t.live_bytes;
    }
    [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(values, " ")); }
};

/// A function of callgrind's: its own costs by line, and those of its calls.
struct called_function {
    std::map<std::uint32_t, cost> lines;
    struct call {
        std::uint32_t line = 0;
        frame callee; ///< its line: the first one seen
    };
    std::map<std::pair<std::uint32_t, frame>, std::pair<cost, std::uint64_t>> calls;
};

frame without_line(const frame& f) { return {f.function, f.file, 0}; }

} // namespace

result<void> write_pprof(const exported_run& of, std::FILE* to) {
    const auto totals = stack_totals(of);
    if (!totals) return std::unexpected(totals.error());
    profile names;
    message whole;
    const auto value_type = [&](const char* type, const char* unit) {
        message made;
        made.number(1, names.string(type)).number(2, names.string(unit));
        return made;
    };
    whole.part(1, value_type("alloc_objects", "count"));
    whole.part(1, value_type("alloc_space", "bytes"));
    whole.part(1, value_type("inuse_objects", "count"));
    whole.part(1, value_type("inuse_space", "bytes"));
    for (const auto& [caller, total] : *totals) {
        std::vector<std::uint64_t> locations;
        for (const frame& f : of.stack(caller))
            locations.push_back(names.location(f, of.address(caller)));
        message sample;
        sample.packed(1, locations);
        sample.packed(2, {total.count, total.bytes, total.peak_blocks, total.peak_bytes});
        whole.part(2, sample);
    }
    whole.part(11, value_type("space", "bytes")).number(12, 1);
    whole.number(14, names.string("inuse_space"));
    names.finish(whole);
    write_text(gzip(whole.bytes()), to);
    return {};
}

result<void> write_speedscope(const exported_run& of, std::FILE* to) {
    const auto totals = stack_totals(of);
    if (!totals) return std::unexpected(totals.error());
    numbering<frame> frames(0);
    std::map<std::uint32_t, std::string> stacks; // as speedscope has them, outermost first
    for (const auto& [caller, total] : *totals) {
        const std::vector<frame>& stack = of.stack(caller);
        std::string& text = stacks[caller];
        for (auto f = stack.rbegin(); f != stack.rend(); ++f)
            text += fmt::format("{}{}", text.empty() ? "" : ",", frames(*f));
    }
    write_text(
        R"({"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[)",
        to
    );
    const char* comma = "";
    for (const frame* const f : frames.order()) {
        fmt::print(to, R"({}{{"name":{})", std::exchange(comma, ",\n"), json_text(f->function));
        if (!f->file.empty()) fmt::print(to, R"(,"file":{})", json_text(f->file));
        if (f->line != 0) fmt::print(to, R"(,"line":{})", f->line);
        write_text("}", to);
    }
    write_text("]},\n\"profiles\":[", to);
    struct view {
        const char* name;
        std::uint64_t stack_total::* bytes;
    };
    comma = "";
    for (const view& v : {
             view{"live at the peak", &stack_total::peak_bytes},
             view{"allocated in all", &stack_total::bytes},
             view{"live at the end", &stack_total::live_bytes},
         }) {
        std::string samples;
        std::string weights;
        std::uint64_t sum = 0;
        for (const auto& [caller, total] : *totals) {
            if (total.*v.bytes == 0) continue;
            samples += fmt::format("{}[{}]", samples.empty() ? "" : ",", stacks[caller]);
            weights += fmt::format("{}{}", weights.empty() ? "" : ",", total.*v.bytes);
            sum += total.*v.bytes;
        }
        fmt::print(
            to,
            R"({}{{"type":"sampled","name":"{}","unit":"bytes","startValue":0,"endValue":{},"samples":[{}],"weights":[{}]}})",
            std::exchange(comma, ",\n"),
            v.name,
            sum,
            samples,
            weights
        );
    }
    fmt::print(
        to,
        "],\n\"name\":{},\"activeProfileIndex\":0,\"exporter\":\"drone\"}}\n",
        json_text(of.title())
    );
    return {};
}

result<void> write_heapprofile(const exported_run& of, std::FILE* to) {
    const auto totals = stack_totals(of);
    if (!totals) return std::unexpected(totals.error());
    unsigned id = 0;
    write_text(R"({"head":)", to);
    write_node({"(root)", {}, 0}, tree_of(of, *totals), id, to);
    write_text(
        R"(,"samples":[]})"
        "\n",
        to
    );
    return {};
}

result<void> write_callgrind(const exported_run& of, std::FILE* to) {
    const auto totals = stack_totals(of);
    if (!totals) return std::unexpected(totals.error());
    std::map<frame, called_function> functions; // by function and file
    cost all;
    for (const auto& [caller, total] : *totals) {
        const std::vector<frame>& stack = of.stack(caller);
        all.add(total);
        functions[without_line(stack.front())].lines[stack.front().line].add(total);
        std::set<std::tuple<frame, frame>> seen; // recursion counts a call once for a stack
        for (std::size_t i = 1; i < stack.size(); ++i) {
            const frame& callee = stack[i - 1];
            if (!seen.emplace(stack[i], without_line(callee)).second) continue;
            auto& [inclusive, calls] =
                functions[without_line(stack[i])].calls[{stack[i].line, without_line(callee)}];
            inclusive.add(total);
            calls += total.count;
        }
    }
    fmt::print(
        to,
        "# callgrind format\nversion: 1\ncreator: drone\ncmd: {}\npositions: line\n"
        "event: Bytes : bytes allocated\nevent: Allocs : allocations\n"
        "event: PeakBytes : bytes live at the peak\nevent: EndBytes : bytes live at the end\n"
        "events: Bytes Allocs PeakBytes EndBytes\nsummary: {}\n",
        of.title(),
        all.text()
    );
    const auto file = [](const frame& f) { return f.file.empty() ? "???" : f.file.c_str(); };
    for (const auto& [f, own] : functions) {
        fmt::print(to, "\nfl={}\nfn={}\n", file(f), f.function);
        for (const auto& [line, value] : own.lines)
            fmt::print(to, "{} {}\n", line, value.text());
        for (const auto& [call, value] : own.calls)
            fmt::print(
                to,
                "cfi={}\ncfn={}\ncalls={} 0\n{} {}\n",
                file(call.second),
                call.second.function,
                value.second,
                call.first,
                value.first.text()
            );
    }
    fmt::print(to, "\ntotals: {}\n", all.text());
    return {};
}

} // namespace drone::report
