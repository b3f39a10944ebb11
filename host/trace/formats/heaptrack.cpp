// SPDX-License-Identifier: MIT

#include "trace/formats/heaptrack.hpp"

#include "trace/formats/caller_book.hpp"
#include "trace/formats/text.hpp"
#include "trace/name_table.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drone::trace {

namespace {

/// A line taken apart field by field.
class line_fields {
public:
    explicit line_fields(std::string_view line) : rest_(line) {}

    std::string_view text() { return next_field(rest_); }
    std::optional<std::uint64_t> hex() { return parse_number<std::uint64_t>(text(), 16); }
    std::string_view rest() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        return rest_;
    }

private:
    std::string_view rest_;
};

/// A text with its length before it, or without, and what follows it.
struct sized_field {
    std::string_view text;
    std::string_view rest;
};

sized_field sized_text(std::string_view field) {
    std::string_view after = field;
    const auto length = parse_number<std::uint64_t>(next_field(after), 16);
    if (length && after.size() > *length && after.front() == ' ')
        return {after.substr(1, *length), after.substr(1 + *length)};
    const std::string_view text = next_field(field);
    return {text, field};
}

/// What both kinds of file have in common: time, sizes, damage.
class heaptrack_reader {
public:
    heaptrack_reader(format f, sink& to) : to_(to) { found_.format = f; }

    /// `t IP PARENT`: a stack is an address and the stack that called it. Both files number them from
    /// 1; a stack comes after the one that called it.
    bool trace(std::uint32_t place, std::optional<std::uint64_t> parent) {
        const bool good = parent && *parent <= traces_.size();
        traces_.push_back({place, good ? static_cast<std::uint32_t>(*parent) : 0, 0});
        return good;
    }

    /// The caller that is the stack with that number.
    std::uint32_t caller_of(std::uint64_t trace) {
        constexpr std::size_t deepest = 256;
        if (trace == 0 || trace > traces_.size()) return 0;
        called_from& asked = traces_[trace - 1];
        if (asked.caller != 0) return asked.caller;
        std::vector<std::uint32_t> frames;
        for (std::uint64_t at = trace; at != 0 && frames.size() < deepest;
             at = traces_[at - 1].parent)
            if (traces_[at - 1].place != 0) frames.push_back(traces_[at - 1].place);
        asked.caller = callers_.stack(std::move(frames), true);
        return asked.caller;
    }

protected:
    /// Calls `record(kind, fields)` for every record, until all are read; false says that the line
    /// is damaged.
    template <class Record>
    void each_record(std::string_view text, Record record) {
        std::uint64_t number = 0;
        each_line(text, [&](std::string_view line) {
            ++number;
            line_fields fields(line);
            const std::string_view kind = fields.text();
            const bool is_record = kind.size() == 1 && kind != "#";
            const bool is_known =
                is_record ? record(kind[0], fields) : kind.empty() || kind.starts_with('#');
            if (!is_known) damaged(number);
            return true;
        });
        to_.flush();
    }

    void damaged(std::uint64_t line) {
        if (found_.damaged++ == 0)
            found_.notices.push_back(
                fmt::format("Line {} is not a record of heaptrack. It was ignored.", line)
            );
        ++found_.gaps; // it may have been an event
        to_.now().on_gap(0);
    }

    /// `c`: milliseconds since the start.
    bool time(line_fields& fields) {
        const auto millis = fields.hex();
        if (!millis || *millis < millis_) return millis.has_value();
        to_.now().on_time(clock::microseconds, (*millis - millis_) * 1000);
        millis_ = *millis;
        return true;
    }

    std::uint32_t size(std::uint64_t bytes) {
        if (bytes <= UINT32_MAX) return static_cast<std::uint32_t>(bytes);
        ++oversized_;
        return UINT32_MAX;
    }

    findings done() {
        if (oversized_ != 0)
            found_.notices.push_back(
                fmt::format("{} requests of 4 GiB and more count as 4 GiB - 1.", oversized_)
            );
        return std::move(found_);
    }

    batch to_;
    findings found_;
    caller_book callers_{found_};

private:
    struct called_from {
        std::uint32_t place = 0;  ///< 0: not known
        std::uint32_t parent = 0; ///< trace, counted from 1
        std::uint32_t caller = 0; ///< 0: not looked up yet
    };

    std::vector<called_from> traces_;
    std::uint64_t millis_ = 0;
    std::uint64_t oversized_ = 0;
};

/// `x PATH`, `m NAME ADDRESS [OFFSET SIZE]...`, `+ SIZE TRACE ADDRESS`, `- ADDRESS`, `t IP PARENT`.
/// Texts have their length before them from file version 2 on. Traces are numbered from 1.
class raw_reader : heaptrack_reader {
public:
    explicit raw_reader(sink& to) : heaptrack_reader(format::heaptrack_raw, to) {}

    findings read(std::string_view text) {
        each_record(text, [&](char kind, line_fields& fields) { return record(kind, fields); });
        for (const change& c : live_.live())
            to_.now().on_live(c, found_.damaged == 0);
        return done();
    }

private:
    bool record(char kind, line_fields& fields) {
        switch (kind) {
        case 'x':
            program_ = sized_text(fields.rest()).text;
            return true;
        case 'm':
            return module(fields);
        case 't': {
            const auto at = fields.hex();
            return trace(at ? callers_.place(*at) : 0, fields.hex()) && at;
        }
        case '+': {
            const auto bytes = fields.hex();
            const auto trace = fields.hex();
            const auto address = fields.hex();
            if (!bytes || !trace || !address) return false;
            take(*address, size(*bytes), caller_of(*trace));
            return true;
        }
        case '-': {
            const auto address = fields.hex();
            if (address) give_back(*address);
            return address.has_value();
        }
        case 'c':
            return time(fields);
        default: // memory, the command line
            return true;
        }
    }

    /// `m -` begins a new list.
    bool module(line_fields& fields) {
        const sized_field name = sized_text(fields.rest());
        if (name.text == "-") {
            callers_.unmap();
            return true;
        }
        line_fields numbers(name.rest);
        const auto base = numbers.hex();
        if (!base) return false;
        // The program itself is called x.
        const std::string_view path = name.text == "x" ? program_ : name.text;
        for (auto offset = numbers.hex(); offset; offset = numbers.hex())
            if (const auto size = numbers.hex())
                callers_.map(*base + *offset, *base + *offset + *size, *base, path);
        return true;
    }

    void take(std::uint64_t address, std::uint32_t bytes, std::uint32_t caller) {
        ++found_.events;
        if (live_.contains(address)) { // its release is missing
            to_.change(live_.give_back(address));
            to_.position(found_.events - 1);
        }
        to_.change(live_.take(address, {.size = bytes, .caller = caller}));
    }

    void give_back(std::uint64_t address) {
        ++found_.events;
        if (live_.contains(address)) {
            to_.change(live_.give_back(address));
        } else {
            ++found_.freed_unknown;
            to_.position(found_.events);
        }
    }

    address_table live_;
    std::string_view program_ = "x";
};

/// `s STRING`, `i IP MODULE [FUNCTION FILE LINE]...` with inlined functions first, `t IP PARENT`,
/// `a SIZE TRACE`, `+ A`, `- A`. Strings, addresses and traces are numbered from 1, records `a`
/// from 0.
class interpreted_reader : heaptrack_reader {
public:
    explicit interpreted_reader(sink& to) : heaptrack_reader(format::heaptrack, to) {}

    findings read(std::string_view text) {
        each_record(text, [&](char kind, line_fields& fields) { return record(kind, fields); });
        for (const allocation& a : allocations_)
            for (std::uint64_t i = 0; i < a.live; ++i)
                to_.now().on_live({.size = a.bytes, .caller = a.caller}, found_.damaged == 0);
        return done();
    }

private:
    struct allocation {
        std::uint32_t bytes = 0;
        std::uint32_t caller = 0; ///< number in found_.callers
        std::uint64_t live = 0;
    };
    struct frame {
        std::uint64_t function = 0; ///< string
        std::uint64_t file = 0;     ///< string
        std::uint64_t line = 0;
    };

    bool record(char kind, line_fields& fields) {
        switch (kind) {
        case 's':
            return string(fields);
        case 'i':
            return instruction(fields);
        case 't': {
            const auto at = fields.hex();
            const bool known = at && *at != 0 && *at <= addresses_.size();
            return trace(known ? addresses_[*at - 1] : 0, fields.hex()) && at;
        }
        case 'a': {
            const auto bytes = fields.hex();
            const auto trace = fields.hex();
            allocations_.push_back({size(bytes.value_or(0)), caller_of(trace.value_or(0)), 0});
            return bytes && trace;
        }
        case '+':
        case '-':
            return use(fields, kind == '-');
        case 'c':
            return time(fields);
        default:
            return true;
        }
    }

    /// From file version 2 on with its length before it, since it may hold blanks.
    bool string(line_fields& fields) {
        const std::string_view with_length = fields.rest();
        std::string_view text = with_length;
        const auto length = parse_number<std::uint64_t>(next_field(text), 16);
        const bool has_length = length && text.size() == *length + 1;
        strings_.emplace_back(has_length ? text.substr(1) : with_length);
        return true;
    }

    bool instruction(line_fields& fields) {
        const auto ip = fields.hex();
        const auto module = fields.hex();
        std::vector<std::string> functions;
        for (auto function = fields.hex(); function; function = fields.hex()) {
            const std::uint64_t file = fields.hex().value_or(0);
            const frame f{*function, file, fields.hex().value_or(0)};
            if (!string(f.function).empty()) functions.push_back(text(f));
        }
        addresses_.push_back(callers_.place(std::move(functions)));
        return ip && module;
    }

    bool use(line_fields& fields, bool gives_back) {
        const auto index = fields.hex();
        if (!index || *index >= allocations_.size()) return false;
        allocation& a = allocations_[*index];
        ++found_.events;
        if (gives_back && a.live == 0) {
            ++found_.freed_unknown;
            to_.position(found_.events);
            return true;
        }
        a.live += gives_back ? std::uint64_t(-1) : 1;
        to_.change({.size = a.bytes, .caller = a.caller, .gives_back = gives_back});
        return true;
    }

    [[nodiscard]] std::string_view string(std::uint64_t index) const {
        return index != 0 && index <= strings_.size() ? strings_[index - 1] : std::string_view{};
    }

    [[nodiscard]] std::string text(const frame& f) const {
        const std::string_view path = string(f.file);
        if (path.empty()) return std::string(string(f.function));
        const std::size_t slash = path.rfind('/');
        return fmt::format(
            "{} at {}:{}",
            string(f.function),
            slash == std::string_view::npos ? path : path.substr(slash + 1),
            f.line
        );
    }

    std::vector<std::string_view> strings_;
    std::vector<std::uint32_t> addresses_; ///< places in code
    std::vector<allocation> allocations_;
};

} // namespace

bool is_heaptrack(std::string_view text) {
    line_fields fields(text.substr(0, text.find('\n')));
    return fields.text() == "v" && fields.hex().has_value();
}

std::optional<std::uint64_t> heaptrack_file_version(std::string_view text) {
    if (!is_heaptrack(text)) return std::nullopt;
    line_fields fields(text.substr(0, text.find('\n')));
    fields.text();
    fields.text();
    const std::string_view digits = fields.text();
    if (digits.empty()) return 0;
    // A field that is not a number is an unknown version.
    return parse_number<std::uint64_t>(digits, 16).value_or(UINT64_MAX);
}

bool is_raw_heaptrack(std::string_view text) {
    bool raw = false;
    each_line(text, [&](std::string_view line) {
        line_fields fields(line);
        const std::string_view kind = fields.text();
        raw = kind == "x" || kind == "m";
        const bool interpreted = kind == "s" || kind == "i" || kind == "a";
        return !raw && !interpreted;
    });
    return raw;
}

findings read_heaptrack(std::string_view text, sink& to) {
    return interpreted_reader(to).read(text);
}

findings read_raw_heaptrack(std::string_view text, sink& to) { return raw_reader(to).read(text); }

} // namespace drone::trace
