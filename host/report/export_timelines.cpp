// SPDX-License-Identifier: MIT

// Formats with a time axis: the Firefox Profiler's, and the trace events that Perfetto reads.

#include "report/export_events.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drone::report {

namespace {

/// What a profile has for each change: an allocation, or a release with a negative weight.
struct weighed {
    double millis = 0;
    std::int64_t bytes = 0;
    std::uint32_t caller = 0;
    std::uint64_t place = 0; ///< of the block
};

/// One column of a table: the profile is written column by column, so the trace is read once for
/// each, and none is kept.
class column final : public event_stream {
public:
    using print = std::function<void(const weighed&)>;

    column(const exported_run& of, std::FILE* to, print each)
        : event_stream(of), to_(to), each_(std::move(each)) {}

    [[nodiscard]] std::uint64_t length() const { return length_; }

private:
    void on_event(const heap_event& e) override {
        const double millis = e.micros / 1000;
        const auto size = std::int64_t{e.size};
        switch (e.what) {
        case heap_event::kind::taken:
            return entry({millis, size, e.caller, e.place});
        case heap_event::kind::given_back:
            return entry({millis, -size, e.caller, e.place});
        case heap_event::kind::resized:
            if (e.copied) entry({millis, size, e.caller, e.place}); // both are live for a moment
            entry({millis, -std::int64_t{e.old_size}, e.caller, e.old_place});
            if (!e.copied) entry({millis, size, e.caller, e.place});
            return;
        default:
            return;
        }
    }

    void entry(const weighed& w) {
        if (length_++ != 0) std::fputc(',', to_);
        each_(w);
    }

    std::FILE* to_;
    print each_;
    std::uint64_t length_ = 0;
};

/// A column of the table as text: `name`:[...].
result<std::uint64_t>
write_column(const exported_run& of, std::FILE* to, const char* name, column::print each) {
    fmt::print(to, "\"{}\":[", name);
    column events(of, to, std::move(each));
    if (const auto read = read_into(of, events); !read) return std::unexpected(read.error());
    fmt::print(to, "],\n");
    return events.length();
}

/// A table of a thread, column by column.
class table {
public:
    explicit table(std::vector<std::string> columns)
        : columns_(std::move(columns)), text_(columns_.size()) {}

    /// A row of JSON values. Returns its number.
    std::size_t add(const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size(); ++i)
            text_[i] += (length_ == 0 ? "" : ",") + row[i];
        return length_++;
    }

    [[nodiscard]] std::string text() const {
        std::string all = "{";
        for (std::size_t i = 0; i < columns_.size(); ++i)
            all += fmt::format("\"{}\":[{}],", columns_[i], text_[i]);
        return all + fmt::format("\"length\":{}}}", length_);
    }

private:
    std::vector<std::string> columns_;
    std::vector<std::string> text_;
    std::size_t length_ = 0;
};

/// The tables that name the stacks of a thread.
class stack_tables {
public:
    /// The number of a caller's stack.
    std::size_t of(const exported_run& run, std::uint32_t caller) {
        if (const auto known = callers_.find(caller); known != callers_.end()) return known->second;
        std::string prefix = "null";
        std::size_t at = 0;
        const std::vector<frame>& stack = run.stack(caller);
        for (auto f = stack.rbegin(); f != stack.rend(); ++f) {
            const std::size_t own = frame_of(*f);
            const auto [known, is_new] = nodes_.try_emplace({own, prefix}, nodes_.size());
            if (is_new) stacks_.add({fmt::to_string(own), "0", "0", prefix});
            at = known->second;
            prefix = fmt::to_string(at);
        }
        return callers_[caller] = at;
    }

    void write(std::FILE* to) const {
        fmt::print(
            to,
            "\"stackTable\":{},\n\"frameTable\":{},\n\"funcTable\":{},\n\"stringArray\":[{}],\n",
            stacks_.text(),
            frames_.text(),
            functions_.text(),
            strings_text_
        );
    }

private:
    std::size_t frame_of(const frame& f) {
        const auto [known, is_new] = frame_numbers_.try_emplace(f, frame_numbers_.size());
        if (is_new)
            frames_.add(
                {"-1",
                 "0",
                 "0",
                 "0",
                 fmt::to_string(function_of({f.function, f.file, 0})),
                 "null",
                 "0",
                 "null",
                 f.line == 0 ? "null" : fmt::to_string(f.line),
                 "null"}
            );
        return known->second;
    }

    std::size_t function_of(const frame& f) {
        const auto [known, is_new] = function_numbers_.try_emplace(f, function_numbers_.size());
        if (is_new)
            functions_.add(
                {fmt::to_string(string_of(f.function)),
                 "false",
                 "false",
                 "-1",
                 f.file.empty() ? "null" : fmt::to_string(string_of(f.file)),
                 "null",
                 "null"}
            );
        return known->second;
    }

    std::size_t string_of(const std::string& text) {
        const auto [known, is_new] = strings_.try_emplace(text, strings_.size());
        if (is_new) strings_text_ += (strings_text_.empty() ? "" : ",") + json_text(text);
        return known->second;
    }

    table stacks_{{"frame", "category", "subcategory", "prefix"}};
    table frames_{
        {"address",
         "inlineDepth",
         "category",
         "subcategory",
         "func",
         "nativeSymbol",
         "innerWindowID",
         "implementation",
         "line",
         "column"}
    };
    table functions_{
        {"name", "isJS", "relevantForJS", "resource", "fileName", "lineNumber", "columnNumber"}
    };
    std::string strings_text_;
    std::map<std::string, std::size_t> strings_;
    std::map<frame, std::size_t> frame_numbers_;
    std::map<frame, std::size_t> function_numbers_;
    std::map<std::pair<std::size_t, std::string>, std::size_t> nodes_; ///< by frame, prefix
    std::map<std::uint32_t, std::size_t> callers_;
};

/// Counters for live bytes and each pool, a slice for each block.
class perfetto final : public event_stream {
public:
    perfetto(const exported_run& of, std::FILE* to) : event_stream(of), to_(to) {
        fmt::print(
            to,
            "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
            R"({{"ph":"M","name":"process_name","pid":1,"tid":1,"args":{{"name":{}}}}})",
            json_text(of.title())
        );
        for (const usage::pool_usage& pool : of.details().details.pools())
            in_use_.emplace_back(pool.pool, 0);
    }

    void finish() { fmt::print(to_, "\n]}}\n"); }

private:
    void on_event(const heap_event& e) override {
        switch (e.what) {
        case heap_event::kind::taken:
            begin(e);
            count(e.block, 1, e.micros);
            break;
        case heap_event::kind::given_back:
            end(e, e.place);
            count(e.block, -1, e.micros);
            break;
        case heap_event::kind::resized:
            if (e.copied) counter("live bytes", e.live_bytes + e.old_size, e.micros);
            end(e, e.old_place);
            begin(e);
            break;
        default:
            fmt::print(
                to_,
                ",\n"
                R"({{"ph":"i","s":"p","cat":"heap","name":"failed: {} bytes","ts":{:.3f},"pid":1,"tid":1}})",
                e.size,
                e.micros
            );
            return;
        }
        counter("live bytes", e.live_bytes, e.micros);
    }

    void on_missing(std::uint64_t lost) override {
        fmt::print(
            to_,
            ",\n"
            R"({{"ph":"i","s":"g","cat":"heap","name":"gap: {} events lost","ts":{:.3f},"pid":1,"tid":1}})",
            lost,
            now()
        );
    }

    void counter(std::string_view name, std::uint64_t value, double micros) {
        fmt::print(
            to_,
            ",\n"
            R"({{"ph":"C","name":"{}","ts":{:.3f},"pid":1,"args":{{"value":{}}}}})",
            name,
            micros,
            value
        );
    }

    void count(trace::block_number block, int change, double micros) {
        for (auto& [pool, used] : in_use_) {
            if (!pool.holds(block)) continue;
            used += static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
            counter(fmt::format("pool of {}", pool.block_size), used, micros);
        }
    }

    void begin(const heap_event& e) {
        fmt::print(
            to_,
            ",\n"
            R"({{"ph":"b","cat":"heap","id":{},"name":{},"ts":{:.3f},"pid":1,"tid":1,"args":{{"size":{},"event":{}}}}})",
            e.place,
            name_of(e.caller),
            e.micros,
            e.size,
            e.number
        );
    }

    void end(const heap_event& e, std::uint64_t place) {
        fmt::print(
            to_,
            ",\n"
            R"({{"ph":"e","cat":"heap","id":{},"name":{},"ts":{:.3f},"pid":1,"tid":1}})",
            place,
            name_of(e.caller),
            e.micros
        );
    }

    const std::string& name_of(std::uint32_t caller) {
        const auto [known, is_new] = names_.try_emplace(caller);
        if (is_new) known->second = json_text(of().stack(caller).front().function);
        return known->second;
    }

    std::FILE* to_;
    std::vector<std::pair<trace::traced_pool, std::uint64_t>> in_use_;
    std::map<std::uint32_t, std::string> names_;
};

} // namespace

/// Version 48 of the processed format; the profiler upgrades what is older than it.
result<void> write_firefox(const exported_run& of, std::FILE* to) {
    stack_tables stacks;
    fmt::print(
        to,
        R"({{"meta":{{"interval":1,"startTime":0,"processType":0,"product":{},"stackwalk":1,"version":27,)"
        R"("preprocessedProfileVersion":48,"symbolicated":true,"importedFrom":"drone",)"
        R"("categories":[{{"name":"Other","color":"grey","subcategories":["Other"]}}],"markerSchema":[]}},)"
        "\n"
        R"("libs":[],"pages":[],)"
        "\n"
        R"("threads":[{{"processType":"default","processStartupTime":0,"processShutdownTime":null,)"
        R"("registerTime":0,"unregisterTime":null,"pausedRanges":[],"name":"heap","isMainThread":true,)"
        R"("processName":{},"pid":"0","tid":0,)"
        "\n"
        R"("samples":{{"weightType":"samples","weight":null,"stack":[],"time":[],"length":0}},)"
        "\n"
        R"("markers":{{"data":[],"name":[],"startTime":[],"endTime":[],"phase":[],"category":[],"length":0}},)"
        "\n\"nativeAllocations\":{{",
        json_text(of.title()),
        json_text(of.title())
    );
    const auto print = [to](auto value) { fmt::print(to, "{}", value); };
    std::uint64_t length = 0;
    const std::pair<const char*, column::print> columns[] = {
        {"time", [to](const weighed& w) { fmt::print(to, "{:.6f}", w.millis); }},
        {"weight", [&](const weighed& w) { print(w.bytes); }},
        {"stack", [&](const weighed& w) { print(stacks.of(of, w.caller)); }},
        {"memoryAddress", [&](const weighed& w) { print(w.place); }},
        {"threadId", [&](const weighed&) { print(0); }},
    };
    for (const auto& [name, each] : columns) {
        const auto written = write_column(of, to, name, each);
        if (!written) return std::unexpected(written.error());
        length = *written;
    }
    fmt::print(to, "\"weightType\":\"bytes\",\"length\":{}}},\n", length);
    stacks.write(to);
    fmt::print(
        to,
        R"("resourceTable":{{"lib":[],"name":[],"host":[],"type":[],"length":0}},)"
        R"("nativeSymbols":{{"libIndex":[],"address":[],"name":[],"functionSize":[],"length":0}}}}],)"
        "\n"
        R"("counters":[{{"name":"malloc","category":"Memory","description":"Live bytes","pid":"0",)"
        R"("mainThreadIndex":0,"samples":{{)"
    );
    for (const auto& [name, each] :
         {std::pair<const char*, column::print>(columns[0].first, columns[0].second),
          std::pair<const char*, column::print>("count", columns[1].second)})
        if (const auto written = write_column(of, to, name, each); !written)
            return std::unexpected(written.error());
    fmt::print(to, "\"length\":{}}}}}]}}\n", length);
    return {};
}

result<void> write_perfetto(const exported_run& of, std::FILE* to) {
    perfetto events(of, to);
    if (const auto read = read_into(of, events); !read) return read;
    events.finish();
    return {};
}

} // namespace drone::report
