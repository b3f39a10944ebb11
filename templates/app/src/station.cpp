#include "station.hpp"

#include "text.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

void sensor::add(const reading& latest) {
    if (recent.size() < depth) {
        recent.push_back(latest);
        return;
    }
    recent[oldest] = latest;
    oldest = (oldest + 1) % depth;
}

void sensor::set_depth(std::int32_t count) {
    std::rotate(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(oldest), recent.end());
    oldest = 0;
    depth = static_cast<std::size_t>(count);
    if (recent.size() > depth)
        recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(depth));
    recent.shrink_to_fit();
}

std::int32_t sensor::mean() const {
    const auto add_mean = [](std::int32_t sum, const reading& r) { return sum + r.mean; };
    const std::int32_t sum = std::accumulate(recent.begin(), recent.end(), 0, add_mean);
    return recent.empty() ? 0 : sum / static_cast<std::int32_t>(recent.size());
}

std::int32_t sensor::median() const {
    if (recent.empty()) return 0;
    std::vector<std::int16_t> values;
    values.reserve(recent.size());
    for (const reading& r : recent)
        values.push_back(static_cast<std::int16_t>(r.mean));
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void station::take(const packet& arrived) {
    now_ms_ = arrived.time_ms;
    run_timers(now_ms_);
    const auto content = arrived.payload().first(arrived.length - 1U);
    if (crc8(content) != arrived.payload().back()) {
        std::string line;
        complain_(line << "damaged: a packet of " << arrived.source << "\n");
    } else if (arrived.source == console) {
        obey(words_of({reinterpret_cast<const char*>(content.data()), content.size()}));
    } else {
        take_samples(arrived, content);
    }
}

void station::take_samples(const packet& arrived, std::span<const std::uint8_t> content) {
    std::vector<std::int32_t> samples;
    for (std::size_t i = 0; i + 1 < content.size(); i += 2)
        samples.push_back(content[i] | content[i + 1] << 8);
    const std::int32_t sum = std::accumulate(samples.begin(), samples.end(), 0);
    const reading latest{
        .time_ms = arrived.time_ms, .mean = sum / static_cast<std::int32_t>(samples.size())
    };
    sensors_[arrived.source].add(latest);
    for (const limit& l : limits_)
        if (l.source == arrived.source && latest.mean > l.value)
            report(l.source, l.text, latest.mean);
}

void station::obey(const words& command) {
    const auto word = [&](std::size_t i) -> std::string_view {
        return i < command.size() ? std::string_view(command[i]) : std::string_view();
    };
    const std::int32_t first = number_of(word(1)).value_or(-1);
    const std::int32_t second = number_of(word(2)).value_or(0);
    if (word(0) == "list") return report_list();
    if (word(0) == "quiet") return timers_.clear();
    if (word(0) == "every" && first > 0 && command.size() > 2)
        return repeat(static_cast<std::uint32_t>(first), words(command.begin() + 2, command.end()));
    if (first < 0 || first >= console) return refuse(command);
    const auto source = static_cast<std::uint8_t>(first);
    sensor& chosen = sensors_[source];
    if (word(0) == "name") chosen.name = joined(command, 2);
    if (word(0) == "depth") chosen.set_depth(std::clamp<std::int32_t>(second, 1, 64));
    if (word(0) == "alarm") limits_.push_back({source, second, joined(command, 3)});
    if (word(0) == "clear") limits_.remove_if([=](const limit& l) { return l.source == source; });
    if (word(0) == "mean") report(source, "mean", chosen.mean());
    if (word(0) == "median") report(source, "median", chosen.median());
}

void station::refuse(const words& command) {
    std::string line;
    complain_(line << "refused: " << joined(command, 0) << "\n");
}

void station::run_timers(std::uint32_t now_ms) {
    while (!timers_.empty() && timers_.begin()->first <= now_ms) {
        const auto due = timers_.extract(timers_.begin());
        due.mapped()();
    }
}

void station::repeat(std::uint32_t period_ms, const words& command) {
    timers_.emplace(now_ms_ + period_ms, [this, period_ms, command] {
        obey(command);
        repeat(period_ms, command);
    });
}

void station::report(std::uint8_t source, std::string_view what, std::int32_t value) {
    std::string line;
    line << "{\"ms\":" << static_cast<std::int32_t>(now_ms_) << ",\"sensor\":" << source;
    if (const std::string& name = sensors_[source].name; !name.empty())
        line << ",\"name\":\"" << name << "\"";
    print_(line << ",\"" << what << "\":" << value << "}\n");
}

void station::report_list() {
    std::string line;
    line << "{\"ms\":" << static_cast<std::int32_t>(now_ms_) << ",\"sensors\":[";
    for (const auto& [source, known] : sensors_) {
        if (line.back() != '[') line << ",";
        line << "{\"name\":\"" << known.name
             << "\",\"readings\":" << static_cast<std::int32_t>(known.recent.size())
             << ",\"mean\":" << known.mean() << "}";
    }
    print_(line << "]}\n");
}
