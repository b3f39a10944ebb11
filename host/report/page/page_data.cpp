// SPDX-License-Identifier: MIT

// What a page shows, as page/*.js read it: docs/report.md has the keys.

#include "report/json.hpp"
#include "report/page/packed.hpp"
#include "report/page/page.hpp"
#include "report/page/stacks.hpp"
#include "trace/findings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <numeric>

namespace drone::report {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t most_leaks = 1000; ///< groups

/// Rows of a page, and what they refer to.
class writer {
public:
    explicit writer(const page& p) : p_(p), run_(p.report.runs.front()), a_(run_.details) {}

    json data() {
        json d;
        head(d);
        course(d);
        d["failures"] = failures();
        d["pools"] = pools();
        if (p_.line.region().exists()) d["region"] = region();
        d["sizes"] = sizes();
        d["holds"] = holds();
        d["leaks"] = leaks();
        d["growing"] = growing();
        if (!a_.contexts().empty() &&
            (a_.contexts().size() > 1 || !a_.contexts().contains(trace::no_context)))
            d["contexts"] = contexts();
        if (p_.suggested != nullptr) d["layout"] = *p_.suggested;
        if (p_.before != nullptr) d["before"] = before();
        d["frames"] = stacks_.frames();
        d["nodes"] = stacks_.nodes();
        return d;
    }

private:
    void head(json& d) const {
        d["version"] = 1;
        d["title"] = p_.title;
        d["file"] = run_.file;
        d["events"] = a_.events();
        d["found"] = findings_json(run_.found);
        d["clock"] = clock();
        d["duration"] = a_.duration();
        const std::uint64_t arena = run_.heap ? run_.heap->size : 0;
        d["heap"] = {
            {"size", p_.report.heap_size ? json(*p_.report.heap_size) : json(nullptr)},
            {"traced", arena == 0 ? json(nullptr) : json(arena)},
            {"ours", run_.heap && !run_.arena.is_known()},
        };
        std::uint64_t blocks = 0;
        for (const auto& [size, count] : a_.live_at_peak())
            blocks += count;
        d["peak"] = {
            {"event", a_.peak().event},
            {"time", a_.peak().time},
            {"bytes", p_.report.usage.peak_bytes()},
            {"blocks", blocks},
        };
        std::uint64_t bytes = 0;
        std::uint64_t certain = 0;
        for (const usage::live_block& b : a_.live_at_end()) {
            bytes += b.size;
            certain += b.certain ? 1 : 0;
        }
        d["end"] = {{"bytes", bytes}, {"blocks", a_.live_at_end().size()}, {"certain", certain}};
    }

    [[nodiscard]] json clock() const {
        if (a_.unit() == trace::clock::none) return nullptr;
        if (a_.unit() == trace::clock::microseconds)
            return {{"whose", "the host's"}, {"per_second", 1'000'000}};
        const auto hertz = p_.report.core_clock;
        return {{"whose", "the target's"}, {"per_second", hertz ? json(*hertz) : json(nullptr)}};
    }

    void course(json& d) const {
        const usage::timeline& line = p_.line;
        d["per"] = line.live().per();
        d["live"] = {{"min", packed(line.live().least())}, {"max", packed(line.live().most())}};
        if (a_.unit() != trace::clock::none) d["time"] = packed(line.times());
        json gaps = json::array();
        for (const usage::timeline_gap& gap : line.gaps())
            gaps.push_back({gap.event, gap.lost});
        d["gaps"] = gaps;
        json close = json::array();
        for (const usage::close_up& c : line.close_ups())
            close.push_back(
                {{"first", c.first},
                 {"max", packed(c.live.most())},
                 {"min", packed(c.live.least())},
                 {"time", packed(c.times)}}
            );
        d["close"] = close;
    }

    [[nodiscard]] json failures() {
        json sizes = json::array();
        std::uint64_t count = 0;
        for (const auto& [size, times] : a_.failures_by_size()) {
            sizes.push_back({size, times});
            count += times;
        }
        json first = json::array();
        for (const usage::failed_request& f : a_.failures())
            first.push_back(
                {f.when.event,
                 f.size,
                 f.at_least ? 1 : 0,
                 f.live_bytes,
                 f.live_blocks,
                 f.caller == 0 ? json(nullptr) : json(node_of(f.caller)),
                 f.context == trace::no_context ? json(nullptr)
                                                : json(context_name(run_, f.context)),
                 f.when.time}
            );
        return {
            {"count", count},
            {"by_size", sizes},
            {"first", first},
            {"columns", p_.line.failures()},
        };
    }

    [[nodiscard]] json pools() const {
        json all = json::array();
        for (std::size_t i = 0; i < a_.pools().size() && i < p_.line.loads().size(); ++i) {
            const usage::pool_usage& pool = a_.pools()[i];
            all.push_back(
                {{"block", pool.pool.block_size},
                 {"capacity", pool.pool.capacity},
                 {"max", pool.max_load},
                 {"total", pool.total},
                 {"fell_over", pool.fell_over},
                 {"fell_into", pool.fell_into},
                 {"at_peak", {p_.line.pools_at_peak()[i].blocks, p_.line.pools_at_peak()[i].bytes}},
                 {"per", p_.line.loads()[i].per()},
                 {"load", packed(p_.line.loads()[i].most())}}
            );
        }
        return all;
    }

    [[nodiscard]] json region() const {
        const usage::region_picture& picture = p_.line.region();
        std::vector<std::uint8_t> nibbles;
        nibbles.reserve(picture.shades().size() / 2);
        for (std::size_t i = 0; i + 1 < picture.shades().size(); i += 2)
            nibbles.push_back(
                static_cast<std::uint8_t>(picture.shades()[i] << 4U | picture.shades()[i + 1])
            );
        json out{
            {"bytes", picture.bytes()},
            {"per", picture.per()},
            {"rows", usage::region_picture::rows},
            {"map", base64(nibbles)},
            {"hole", packed(picture.least_hole())},
            {"free", packed(picture.least_free())},
            {"hole_at_peak", picture.hole_at_peak()},
            {"free_at_peak", picture.free_at_peak()},
        };
        const usage::region_usage& own = a_.region();
        if (own.exists() && !run_.arena.is_known()) {
            out["peak_bytes"] = own.peak_bytes();
            out["least_hole"] = own.least_hole();
            out["least_hole_event"] = own.least_hole_event();
            out["total"] = own.total();
        }
        if (run_.arena.is_known()) {
            const usage::arena_moment& most = run_.arena.highest();
            out["arena"] = {
                {"event", most.event},
                {"spread", most.arena},
                {"live", most.live},
                {"overhead", most.overhead},
                {"free", most.free},
                {"holes", most.holes},
                {"largest_hole", most.largest_hole},
            };
        }
        return out;
    }

    [[nodiscard]] json sizes() const {
        json all = json::array();
        const auto& at_peak = a_.live_at_peak();
        const auto& lives = a_.lifetimes_by_size();
        for (const usage::size_usage& row : p_.report.usage.rows()) {
            const auto then = at_peak.find(row.size);
            const auto life = lives.find(row.size);
            json one{row.size, row.max_load, row.total, then == at_peak.end() ? 0 : then->second};
            if (life != lives.end()) {
                const usage::lifetimes& l = life->second;
                one.push_back(static_cast<double>(l.sum) / static_cast<double>(l.count));
                one.push_back(l.longest);
            }
            all.push_back(std::move(one));
        }
        return all;
    }

    json holds() {
        const usage::holders& who = p_.line.holders();
        json peak = json::array();
        json end = json::array();
        json history = json::array();
        for (std::size_t row = 0; row < who.at_end().size(); ++row) {
            if (who.peaks()[row] == 0) continue;
            const std::size_t node = node_of_row(row);
            if (row < who.at_peak().size() && who.at_peak()[row].blocks != 0)
                peak.push_back({node, who.at_peak()[row].bytes, who.at_peak()[row].blocks});
            if (who.at_end()[row].blocks != 0)
                end.push_back({node, who.at_end()[row].bytes, who.at_end()[row].blocks});
            history.push_back({node, packed(who.history(row))});
        }
        return {
            {"by", p_.asked.kind == usage::holder_kind::caller ? "stack" : "size"},
            {"peak", peak},
            {"end", end},
            {"moments", packed(who.moments())},
            {"history", history},
        };
    }

    /// What is live at the end: by caller; by size where no caller is known.
    json leaks() {
        struct group {
            std::uint64_t bytes = 0, blocks = 0, certain = 0, first = UINT64_MAX, last = 0;
        };
        std::map<std::uint32_t, group> groups;
        const bool by_caller = p_.asked.kind == usage::holder_kind::caller;
        for (const usage::live_block& b : a_.live_at_end()) {
            group& g = groups[by_caller ? b.caller : b.size];
            g.bytes += b.size;
            ++g.blocks;
            g.certain += b.certain ? 1 : 0;
            if (!b.taken) continue;
            g.first = std::min(g.first, b.taken->event);
            g.last = std::max(g.last, b.taken->event);
        }
        std::vector<std::pair<std::uint32_t, group>> ordered(groups.begin(), groups.end());
        std::ranges::stable_sort(ordered, std::ranges::greater(), [](const auto& one) {
            return one.second.bytes;
        });
        if (ordered.size() > most_leaks) ordered.resize(most_leaks);
        json all = json::array();
        for (const auto& [name, g] : ordered)
            all.push_back(
                {node_of(name),
                 g.bytes,
                 g.blocks,
                 g.certain,
                 g.last == 0 ? json(nullptr) : json(g.first),
                 g.last == 0 ? json(nullptr) : json(g.last)}
            );
        return {{"groups", groups.size()}, {"first", all}};
    }

    json growing() {
        json all = json::array();
        for (const usage::growth& g : run_.growing)
            all.push_back(
                {{"size", g.size ? json(*g.size) : json(nullptr)},
                 {"node",
                  node_of(
                      p_.asked.kind == usage::holder_kind::caller ? g.caller : g.size.value_or(0)
                  )},
                 {"from", g.grew.first},
                 {"to", g.grew.last},
                 {"certain", is_certain(run_, g)},
                 {"permanent",
                  is_permanent(p_.report, g.size.value_or(0), p_.report.names(run_, g.caller))}}
            );
        return all;
    }

    [[nodiscard]] json contexts() const {
        json all = json::array();
        for (const auto& [number, s] : usage::by_bytes(a_.contexts()))
            all.push_back(
                {context_name(run_, number),
                 s.bytes,
                 s.count,
                 s.peak_bytes,
                 s.bytes_at_peak,
                 s.live_bytes,
                 s.failures}
            );
        return all;
    }

    [[nodiscard]] json before() const {
        return {
            {"file", p_.before->file},
            {"events", p_.before->events},
            {"per", p_.before->live.per()},
            {"max", packed(p_.before->live.most())},
            {"peak", {{"bytes", p_.before->peak_bytes}, {"event", p_.before->peak_event}}},
        };
    }

    std::size_t node_of_row(std::size_t row) {
        if (row < p_.asked.named.size()) return node_of(p_.asked.named[row]);
        return stacks_.node({others()});
    }

    [[nodiscard]] std::string others() const {
        return p_.asked.kind == usage::holder_kind::caller ? "other stacks" : "other sizes";
    }

    /// The stack of a caller, or what stands for a size.
    std::size_t node_of(std::uint32_t name) {
        const auto [known, is_new] = nodes_.emplace(name, 0);
        if (is_new) known->second = stacks_.node(frames_of(name));
        return known->second;
    }

    /// Outermost first.
    [[nodiscard]] std::vector<std::string> frames_of(std::uint32_t name) const {
        if (p_.asked.kind == usage::holder_kind::size)
            return {fmt::format("blocks of {} bytes", name)};
        if (name == 0) return {"not known"};
        std::vector<std::string> frames = p_.report.names(run_, name);
        if (frames.empty()) return {fmt::format("{:#010x}", name)};
        std::ranges::reverse(frames);
        if (is_cut(name)) frames.insert(frames.begin(), "callers not recorded");
        return frames;
    }

    /// Whether a stack has callers beyond those that the target recorded.
    [[nodiscard]] bool is_cut(std::uint32_t name) const {
        const trace::call_stack* const stack = run_.found.stack_of(name);
        return stack != nullptr && !stack->is_whole;
    }

    const page& p_;
    const run& run_;
    const usage::analysis& a_;
    stack_tree stacks_;
    std::map<std::uint32_t, std::size_t> nodes_;
};

} // namespace

json page_data(const page& p) { return writer(p).data(); }

} // namespace drone::report
