// SPDX-License-Identifier: MIT
#include "trace/formats/demand_summary.hpp"

#include "trace/formats/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>
#include <vector>

namespace drone::trace {

namespace {

using nlohmann::json;

/// A heap has 16 MiB at most, and a block a granule at least.
constexpr std::uint64_t most_blocks = std::uint64_t{1} << 22U;

constexpr std::string_view mark = R"({"drone_demand":)";

/// A kind of block: its size, and the logarithm of its alignment.
using kind = std::pair<std::uint32_t, std::uint8_t>;
using counts = std::map<kind, std::uint64_t>;

/// Of `12` or `16/8`.
std::optional<kind> parse_kind(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto size = parse_number<std::uint32_t>(text.substr(0, slash), 10);
    std::uint32_t alignment = 4;
    if (slash != std::string_view::npos)
        alignment = parse_number<std::uint32_t>(text.substr(slash + 1), 10).value_or(0);
    if (!size || !std::has_single_bit(alignment)) return std::nullopt;
    return kind{*size, static_cast<std::uint8_t>(std::countr_zero(alignment))};
}

class reader {
public:
    explicit reader(sink& to) : to_(to) { found_.format = format::demand_summary; }

    void read(std::string_view line) {
        ++number_;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
        const json entry = json::parse(line, nullptr, false);
        if (entry.is_object() && (take_header(entry) || take_moment(entry))) return;
        if (found_.damaged++ == 0)
            found_.notices.push_back(
                fmt::format("Line {} is not one of a summary and was left out.", number_)
            );
    }

    findings finish() {
        to_.position(found_.events);
        to_.flush();
        return std::move(found_);
    }

private:
    /// The number of that key; 0 when there is none.
    static std::uint64_t number_of(const json& entry, const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_number_unsigned() ? found->get<std::uint64_t>()
                                                                   : 0;
    }

    bool take_header(const json& entry) {
        if (number_of(entry, "drone_demand") != newest_demand_summary) return false;
        found_.events += number_of(entry, "events");
        found_.gaps += number_of(entry, "gaps");
        found_.lost_events += number_of(entry, "lost_events");
        if (!found_.summarised) found_.summarised.emplace();
        found_.summarised->runs += number_of(entry, "runs");
        found_.summarised->steps += number_of(entry, "steps");
        const auto builds = entry.find("builds");
        if (builds == entry.end() || !builds->is_array()) return true;
        for (const json& build : *builds) {
            if (!build.is_string()) continue;
            const auto identity =
                parse_number<std::uint32_t>(build.get_ref<const std::string&>(), 16);
            if (identity && std::ranges::count(found_.identities, *identity) == 0)
                found_.identities.push_back(*identity);
        }
        return true;
    }

    bool take_moment(const json& entry) {
        const auto live = entry.find("live");
        if (live == entry.end() || !live->is_object()) return false;
        counts next;
        std::uint64_t blocks = 0;
        for (const auto& [name, count] : live->items()) {
            const auto of = parse_kind(name);
            if (!of || !count.is_number_unsigned()) return false;
            const auto many = count.get<std::uint64_t>();
            if (many > most_blocks || (blocks += many) > most_blocks) return false;
            next[*of] = many;
        }
        go_to(next);
        return true;
    }

    void go_to(const counts& next) {
        for (auto& [of, blocks] : live_) {
            const auto found = next.find(of);
            const std::uint64_t wanted = found == next.end() ? 0 : found->second;
            for (; blocks.size() > wanted; blocks.pop_back()) {
                to_.change(change_of(of, blocks.back(), true));
                numbers_.give_back(blocks.back());
            }
        }
        for (const auto& [of, wanted] : next)
            for (std::vector<block_number>& blocks = live_[of]; blocks.size() < wanted;) {
                blocks.push_back(numbers_.take());
                to_.change(change_of(of, blocks.back(), false));
            }
    }

    static change change_of(const kind& of, block_number block, bool gives_back) {
        return {
            .block = block,
            .size = of.first,
            .alignment_log2 = of.second,
            .gives_back = gives_back,
        };
    }

    batch to_;
    findings found_;
    std::uint64_t number_ = 0; ///< of the line
    std::map<kind, std::vector<block_number>> live_;
    block_numbers numbers_;
};

} // namespace

std::optional<std::uint32_t> demand_summary_version(std::string_view text) {
    if (!text.starts_with(mark)) return std::nullopt;
    text.remove_prefix(mark.size());
    return parse_number<std::uint32_t>(text.substr(0, text.find_first_not_of("0123456789")), 10);
}

findings read_demand_summary(std::string_view text, sink& to) {
    reader r(to);
    each_line(text, [&](std::string_view line) {
        r.read(line);
        return true;
    });
    return r.finish();
}

} // namespace drone::trace
