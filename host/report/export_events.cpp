// SPDX-License-Identifier: MIT
#include "report/export_events.hpp"

#include <algorithm>
#include <utility>

namespace drone::report {

double event_stream::now() const {
    return micros_ == 0 ? static_cast<double>(events_) : static_cast<double>(time_) * micros_;
}

event_stream::birth& event_stream::born(const trace::change& c) {
    if (c.block == trace::no_block) return by_size_[c.size].emplace_back();
    return births_.reach(c.block);
}

event_stream::birth event_stream::taken_back(const trace::change& c) {
    if (c.block != trace::no_block) return births_[c.block];
    std::vector<birth>& of_size = by_size_[c.size];
    if (of_size.empty()) return {0, 0, c.caller, c.alignment_log2};
    // Of the same caller where the format knows it.
    auto found = std::ranges::find(of_size.rbegin(), of_size.rend(), c.caller, &birth::caller);
    if (found == of_size.rend()) found = of_size.rbegin();
    const birth known = *found;
    of_size.erase(std::prev(found.base()));
    return known;
}

heap_event event_stream::event(heap_event::kind what, const trace::change& c) {
    ++events_;
    return {
        .what = what,
        .number = events_,
        .micros = now(),
        .id = 0,
        .place = 0,
        .old_place = 0,
        .block = c.block,
        .size = c.size,
        .old_size = 0,
        .caller = c.caller,
        .alignment_log2 = c.alignment_log2,
        .context = c.context,
        .copied = false,
        .live_bytes = live_bytes_,
        .live_blocks = live_blocks_,
    };
}

void event_stream::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        const auto what = c.gives_back ? heap_event::kind::given_back : heap_event::kind::taken;
        if (c.gives_back) {
            live_bytes_ -= c.size;
            --live_blocks_;
        } else {
            live_bytes_ += c.size;
            ++live_blocks_;
        }
        heap_event e = event(what, c);
        if (c.gives_back) {
            const birth known = taken_back(c);
            e.id = known.id;
            e.place = known.place;
            e.caller = known.caller;
            e.alignment_log2 = known.alignment_log2;
        } else {
            e.id = next_id_++;
            e.place = next_place_++;
            born(c) = {e.id, e.place, c.caller, c.alignment_log2};
        }
        on_event(e);
    }
}

void event_stream::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing how
) {
    live_bytes_ += after.size;
    live_bytes_ -= before.size;
    heap_event e = event(heap_event::kind::resized, after);
    const birth known = taken_back(before);
    e.id = known.id;
    e.caller = known.caller;
    e.old_size = before.size;
    e.copied = how == trace::resizing::copied;
    e.old_place = known.place;
    e.place = e.copied ? next_place_++ : known.place;
    born(after) = {known.id, e.place, known.caller, after.alignment_log2};
    on_event(e);
}

void event_stream::on_failure(const trace::failure& f) {
    on_event(event(
        heap_event::kind::failed,
        {.size = f.size,
         .caller = f.caller,
         .alignment_log2 = f.alignment_log2,
         .context = f.context}
    ));
}

void event_stream::on_time(trace::clock unit, std::uint64_t elapsed) {
    if (unit_ == trace::clock::none) unit_ = unit;
    if (unit == unit_) time_ += elapsed;
}

namespace {

class totals final : public event_stream {
public:
    using event_stream::event_stream;

    std::map<std::uint32_t, stack_total> take() {
        std::map<std::uint32_t, stack_total> all;
        for (const auto& [caller, total] : totals_)
            if (total.count != 0 || total.bytes != 0) all.emplace(caller, total);
        return all;
    }

private:
    void on_event(const heap_event& e) override {
        stack_total& own = totals_[e.caller];
        switch (e.what) {
        case heap_event::kind::taken:
            ++own.count;
            own.bytes += e.size;
            ++own.live_blocks;
            own.live_bytes += e.size;
            break;
        case heap_event::kind::given_back:
            --own.live_blocks;
            own.live_bytes -= e.size;
            break;
        case heap_event::kind::resized:
            own.bytes += std::max(e.size, e.old_size) - e.old_size;
            own.live_bytes += e.size;
            if (!e.copied) own.live_bytes -= e.old_size;
            own.live_blocks += e.copied ? 1 : 0;
            break;
        default:
            break;
        }
        if (e.number == of().details().details.peak().event) note_peak();
        if (e.what == heap_event::kind::resized && e.copied) {
            own.live_bytes -= e.old_size;
            --own.live_blocks;
        }
    }

    void note_peak() {
        for (auto& [caller, total] : totals_) {
            total.peak_blocks = total.live_blocks;
            total.peak_bytes = total.live_bytes;
        }
    }

    std::unordered_map<std::uint32_t, stack_total> totals_;
};

} // namespace

result<std::map<std::uint32_t, stack_total>> stack_totals(const exported_run& of) {
    totals all(of);
    if (const auto read = read_into(of, all); !read) return std::unexpected(read.error());
    return all.take();
}

} // namespace drone::report
