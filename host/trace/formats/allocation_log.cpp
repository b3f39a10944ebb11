// SPDX-License-Identifier: MIT

#include "trace/formats/allocation_log.hpp"

#include "trace/formats/caller_book.hpp"
#include "trace/formats/text.hpp"
#include "trace/name_table.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace drone::trace {

namespace {

/// A line's fields, as many as an event can have and one more.
struct fields {
    std::array<std::string_view, 5> at;
    std::string_view caller; ///< the last one, where it is `@ADDRESS`
    std::size_t count = 0;

    explicit fields(std::string_view line) {
        while (count < at.size()) {
            at[count] = next_field(line);
            if (at[count].empty()) break;
            ++count;
        }
        if (count > 1 && at[count - 1].starts_with('@')) caller = at[--count].substr(1);
    }
};

template <class Number>
std::optional<Number> parse(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    return parse_number<Number>(text, base);
}

/// `callers`: what the callers of events are, of events that follow.
enum class line_kind : std::uint8_t { nothing, event, callers, wrong };

/// One event of the log.
struct entry {
    char what = 0;
    std::string_view id{};
    std::string_view new_id{}; ///< r only
    std::uint32_t size = 0;
    bool at_least = false;     ///< x only: more was asked for
    std::string_view caller{}; ///< code address, or the name of a stack; empty: not told
    std::uint8_t alignment_log2 = alignment_not_told;
    std::uint64_t micros = 0; ///< t only
};

line_kind parse_line(std::string_view line, entry& e) {
    const fields f(line);
    if (f.count == 0 || f.at[0].starts_with('#')) return line_kind::nothing;
    if (f.at[0].size() != 1) return line_kind::wrong;
    e = {.what = f.at[0][0], .id = f.at[1], .new_id = f.at[1], .caller = f.caller};
    const auto sized = [&](std::size_t field = 2) {
        const auto size = parse<std::uint64_t>(f.at[field]);
        e.at_least = size.value_or(0) > UINT32_MAX;
        e.size = e.at_least ? UINT32_MAX : static_cast<std::uint32_t>(size.value_or(0));
        return size && (!e.at_least || e.what == 'x'); // no block is that large
    };
    const auto aligned = [&](std::size_t field) {
        const auto alignment = parse<std::uint32_t>(f.at[field]);
        if (!alignment || !std::has_single_bit(*alignment)) return false;
        e.alignment_log2 = static_cast<std::uint8_t>(std::max(2, std::countr_zero(*alignment)));
        return true;
    };
    switch (e.what) {
    case 'a':
        if (f.count < 3 || f.count > 4 || !sized()) return line_kind::wrong;
        return f.count == 3 || aligned(3) ? line_kind::event : line_kind::wrong;
    case 'x':
        if (f.count < 2 || f.count > 3 || !sized(1)) return line_kind::wrong;
        return f.count == 2 || aligned(2) ? line_kind::event : line_kind::wrong;
    case 'f':
        return f.count == 2 ? line_kind::event : line_kind::wrong;
    case 'r':
        if (f.count < 3 || f.count > 4 || !sized()) return line_kind::wrong;
        if (f.count == 4) e.new_id = f.at[3];
        return line_kind::event;
    case 't': {
        const auto micros = f.count == 2 ? parse<std::uint64_t>(f.at[1]) : std::nullopt;
        e.micros = micros.value_or(0);
        return micros ? line_kind::event : line_kind::wrong;
    }
    case 'm':
    case 's':
        return f.count > 2 ? line_kind::callers : line_kind::wrong;
    default:
        return line_kind::wrong;
    }
}

class log_reader {
public:
    explicit log_reader(sink& to) : to_(to) { found_.format = format::allocation_log; }

    findings read(std::string_view text) {
        std::uint64_t number = 0;
        each_line(text, [&](std::string_view line) {
            ++number;
            entry e;
            line_kind kind = parse_line(line, e);
            if (kind == line_kind::event && !e.caller.empty() && !find_caller(e))
                kind = line_kind::wrong;
            if (kind == line_kind::callers && !(e.what == 'm' ? module(line) : stack(line)))
                kind = line_kind::wrong;
            if (kind == line_kind::event) event(e);
            if (kind == line_kind::wrong) wrong(number);
            return true;
        });
        if (allocated_twice_ != 0)
            found_.notices.push_back(fmt::format(
                "IDs that were allocated while they were live: {}. Their releases are missing.",
                allocated_twice_
            ));
        to_.flush();
        for (const change& c : live_.live())
            to_.now().on_live(c, found_.gaps == 0);
        return found_;
    }

private:
    void wrong(std::uint64_t line) {
        if (found_.damaged++ == 0)
            found_.notices.push_back(
                fmt::format("Line {} is not an event of an allocation log. It was ignored.", line)
            );
        ++found_.gaps; // it may have been one
        to_.now().on_gap(0);
    }

    /// `m BEGIN END BASE BUILD PATH`: a file is in memory. BUILD is `-` where it is not known.
    bool module(std::string_view line) {
        static_cast<void>(next_field(line));
        const auto begin = parse<std::uint64_t>(next_field(line));
        const auto end = parse<std::uint64_t>(next_field(line));
        const auto base = parse<std::uint64_t>(next_field(line));
        const std::string_view build = next_field(line);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (!begin || !end || !base || line.empty()) return false;
        callers_.map(*begin, *end, *base, line, build == "-" ? "" : build);
        return true;
    }

    /// `s NAME ADDRESS...`: a stack, innermost first. A last field `...` says that it is cut.
    bool stack(std::string_view line) {
        constexpr std::string_view more = "...";
        static_cast<void>(next_field(line));
        const std::string_view name = next_field(line);
        std::vector<std::uint32_t> places;
        std::string_view field = next_field(line);
        for (; !field.empty() && field != more; field = next_field(line)) {
            const auto address = parse<std::uint64_t>(field);
            if (!address) return false;
            places.push_back(callers_.place(*address));
        }
        if (places.empty() || !next_field(line).empty()) return false;
        stacks_.insert_or_assign(
            std::string(name), callers_.stack(std::move(places), field != more)
        );
        return true;
    }

    /// Which caller the event names; false: it names none.
    bool find_caller(const entry& e) {
        const auto known = stacks_.find(e.caller);
        if (known != stacks_.end()) {
            caller_ = known->second;
            return true;
        }
        const auto address = parse<std::uint64_t>(e.caller);
        caller_ = address && *address != 0 ? callers_.place(*address) : 0;
        return address.has_value();
    }

    void event(const entry& e) {
        if (e.caller.empty()) caller_ = 0;
        if (e.what == 't') {
            to_.now().on_time(clock::microseconds, e.micros > micros_ ? e.micros - micros_ : 0);
            micros_ = std::max(micros_, e.micros);
            return;
        }
        ++found_.events;
        switch (e.what) {
        case 'a':
            take(e.id, e);
            break;
        case 'f':
            give_back(e.id);
            break;
        case 'x':
            ++found_.failures;
            to_.now().on_failure({
                .size = e.size,
                .caller = caller_,
                .alignment_log2 = e.alignment_log2,
                .at_least = e.at_least,
            });
            break;
        default:
            resize(e);
            break;
        }
    }

    void take(std::string_view id, const entry& e) {
        if (live_.contains(id)) presume_free(id);
        if (const auto known = freed_.find(id); known != freed_.end()) freed_.erase(known);
        to_.change(
            live_.take(id, {.size = e.size, .caller = caller_, .alignment_log2 = e.alignment_log2})
        );
    }

    void give_back(std::string_view id) {
        if (live_.contains(id)) {
            to_.change(live_.give_back(id));
            remember(id);
        } else {
            // A log has no checks: the line that took the block again may be missing.
            const bool again = freed_.contains(id) && !taken_twice_.contains(id);
            ++(again ? found_.suspected_double_frees : found_.freed_unknown);
            if (again && !found_.first_double_free)
                found_.first_double_free = {found_.events, fmt::format("the block {}", id)};
            to_.position(found_.events);
        }
    }

    /// Of many IDs, the last ones that were given back.
    void remember(std::string_view id) {
        if (freed_.size() == remembered) freed_.clear();
        freed_.emplace(id);
    }

    /// The line that said so is missing.
    void presume_free(std::string_view id) {
        ++allocated_twice_;
        if (taken_twice_.size() < remembered) taken_twice_.emplace(id);
        to_.change(live_.give_back(id));
        to_.position(found_.events - 1);
    }

    void resize(const entry& e) {
        if (!live_.contains(e.id)) {
            ++found_.freed_unknown;
            return take(e.new_id, e);
        }
        if (e.new_id != e.id && live_.contains(e.new_id)) presume_free(e.new_id);
        if (e.new_id != e.id) {
            remember(e.id);
            if (const auto known = freed_.find(e.new_id); known != freed_.end())
                freed_.erase(known);
        }
        auto [before, after] = live_.resize(e.id, e.new_id, e.size);
        if (caller_ != 0) after.caller = caller_;
        to_.resize(before, after, resizing::copied);
    }

    static constexpr std::size_t remembered = 1U << 16U;

    batch to_;
    findings found_;
    caller_book callers_{found_};
    std::unordered_map<std::string, std::uint32_t, text_hash, std::equal_to<>> stacks_; ///< by name
    std::uint32_t caller_ = 0; ///< of the event that is being read
    token_table live_;
    std::set<std::string, std::less<>> freed_;       ///< IDs given back and not taken again
    std::set<std::string, std::less<>> taken_twice_; ///< IDs that may be given back twice
    std::uint64_t micros_ = 0;
    std::uint64_t allocated_twice_ = 0;
};

} // namespace

allocation_log_look look_at_allocation_log(std::string_view text) {
    constexpr std::size_t lines_looked_at = 100;
    allocation_log_look look;
    std::size_t number = 0;
    each_line(text, [&](std::string_view line) {
        ++number;
        entry e;
        switch (parse_line(line, e)) {
        case line_kind::nothing:
            return number < lines_looked_at;
        case line_kind::callers:
            return true;
        case line_kind::event:
            ++look.events;
            break;
        case line_kind::wrong:
            if (look.others++ == 0) {
                look.first_other = number;
                look.first_other_text = line;
            }
            break;
        }
        return look.events + look.others < lines_looked_at;
    });
    return look;
}

findings read_allocation_log(std::string_view text, sink& to) { return log_reader(to).read(text); }

} // namespace drone::trace
