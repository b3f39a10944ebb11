// SPDX-License-Identifier: MIT
#include "cli/watch_screen.hpp"

#include "base/printable.hpp"
#include "report/bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace drone::cli {

namespace {

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view plain = "\x1b[0m";

/// Collects lines that fit.
class page {
public:
    explicit page(const screen_style& style) : style_(style) {}

    void line(std::string_view text, bool alarming = false) {
        std::string shown(base::first_characters(text, style_.width));
        if (alarming && style_.colour) shown = fmt::format("{}{}{}", red, shown, plain);
        lines_.push_back(std::move(shown));
    }

    /// How many more lines fit above the last one.
    [[nodiscard]] std::size_t room() const {
        return style_.height > lines_.size() + 1 ? style_.height - lines_.size() - 1 : 0;
    }

    std::vector<std::string> finish(std::string_view last) {
        if (lines_.size() + 1 > style_.height)
            lines_.resize(style_.height == 0 ? 0 : style_.height - 1);
        line(last);
        return std::move(lines_);
    }

private:
    const screen_style& style_;
    std::vector<std::string> lines_;
};

void add_place(
    page& to,
    const screen_style& style,
    const std::string& name,
    const usage::watched& use,
    std::string_view unit
) {
    const std::string words =
        fmt::format("{} of {}{}, most {}", use.now, use.limit, unit, use.most);
    constexpr std::size_t for_words = 34;
    const std::size_t width =
        style.width > name.size() + for_words + 14
            ? std::min<std::size_t>(style.width - name.size() - for_words - 4, 60)
            : 10;
    to.line(
        fmt::format(
            "{} [{}] {}", name, bar(use.now, use.most, use.limit, width, style.utf8), words
        ),
        use.limit != 0 && use.now == use.limit
    );
}

void add_callers(page& to, const watch_view& view) {
    constexpr std::size_t most = 8;
    const std::size_t space = to.room();
    if (space < 4) return;
    const auto top = view.heap.top(std::min(most, space - 3));
    if (top.empty()) return;
    to.line("");
    to.line(fmt::format("{:>10} {:>8} {:>10}  {}", "Bytes", "Blocks", "Taken", "Caller"));
    for (const auto& [caller, held] : top)
        to.line(fmt::format(
            "{:>10} {:>8} {:>10}  {}", held.bytes, held.blocks, held.taken, view.caller(caller)
        ));
}

} // namespace

std::string
bar(std::uint64_t part, std::uint64_t mark, std::uint64_t whole, std::size_t count, bool utf8) {
    const auto place = [&](std::uint64_t value) {
        return whole == 0 ? 0 : std::min<std::uint64_t>(count, (value * count + whole - 1) / whole);
    };
    const std::uint64_t full = place(part);
    const std::uint64_t marked = place(mark);
    std::string text;
    for (std::uint64_t at = 0; at < count; ++at) {
        if (at < full)
            text += utf8 ? "█" : "#";
        else if (at + 1 == marked)
            text += utf8 ? "▏" : "|";
        else
            text += utf8 ? "·" : ".";
    }
    return text;
}

std::vector<std::string> picture(const watch_view& view, const screen_style& style) {
    page to(style);
    const usage::watch_model& heap = view.heap;
    to.line(fmt::format(
        "{} s, {}: {} events, {} a second",
        view.seconds,
        view.state,
        view.found.events,
        view.events_a_second
    ));
    if (!view.knows_heap) {
        to.line("No heap was announced yet: the target sends its layout when somebody listens.");
    } else {
        to.line(fmt::format(
            "live {} bytes in {} blocks, most {}; heap of {}",
            heap.bytes().now,
            heap.blocks(),
            heap.bytes().most,
            heap.heap_size()
        ));
        to.line(
            fmt::format(
                "failed {}{}, gaps {} ({} events lost)",
                heap.failures(),
                heap.failures() == 0 ? ""
                                     : fmt::format(" (the last asked for {})", heap.last_failure()),
                view.found.gaps,
                view.found.lost_events
            ),
            heap.failures() != 0
        );
        to.line(fmt::format("last minute {}", report::sparkline(view.history.most(), style.utf8)));
        to.line("");
        for (const usage::watch_model::pool& pool : heap.pools())
            if (to.room() > 3)
                add_place(to, style, fmt::format("{:>8}", pool.block_size), pool.use, "");
        if (heap.region().limit != 0 && to.room() > 2)
            add_place(to, style, "  region", heap.region(), " bytes");
        add_callers(to, view);
    }
    std::istringstream message(view.message);
    for (std::string text; std::getline(message, text) && to.room() > 0;)
        to.line(base::printable(text));
    return to.finish("p pause  r reset peaks  s snapshot  g generate  q quit");
}

} // namespace drone::cli
