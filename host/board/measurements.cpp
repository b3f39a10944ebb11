// SPDX-License-Identifier: MIT

#include "board/measurements.hpp"

#include "base/errno.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace drone::board {
namespace {

using json = nlohmann::ordered_json;

json summary(const distribution& counts) {
    return {
        {"calls", counts.total()},
        {"min", counts.min()},
        {"mean", counts.mean()},
        {"p99.9", counts.quantile(999)},
        {"max", counts.max()},
    };
}

} // namespace

result<std::unique_ptr<measurements>>
measurements::start(const measurement_options& options, virtual_board& board) {
    std::unique_ptr<measurements> made(new measurements(options));
    if (options.longest_masked) made->mask_ = std::make_unique<mask_meter>(board);
    if (options.counts.empty() && options.logs.empty() && options.between.empty()) return made;
    if (options.elf.empty()) return fail("measuring by symbol needs --elf FIRMWARE");
    const auto program = read_firmware(options.elf);
    if (!program) return std::unexpected(program.error());
    if (auto done = made->watch_calls(*program, board); !done) return std::unexpected(done.error());
    if (auto done = made->watch_stretches(*program, board); !done) {
        return std::unexpected(done.error());
    }
    if (!options.logs.empty() && options.calls != "-") {
        made->log_file_.open(options.calls, std::ios::trunc);
        if (!made->log_file_) {
            return fail(fmt::format("cannot write {}: {}", options.calls, base::errno_text(errno)));
        }
    }
    return made;
}

result<void> measurements::watch_calls(const firmware& program, virtual_board& board) {
    std::vector<std::uint32_t> addresses;
    for (const auto* list : {&options_.counts, &options_.logs}) {
        for (const std::string& name : *list) {
            const auto found = program.find(name);
            if (!found) return fail(fmt::format("{}: {}", options_.elf, found.error().message));
            names_.push_back(name);
            addresses.push_back(found->address);
        }
    }
    counted_.resize(options_.counts.size());
    if (addresses.empty()) return {};
    calls_ = std::make_unique<call_meter>(board, std::move(addresses), [this](const call& done) {
        returned(done);
    });
    return {};
}

result<void> measurements::watch_stretches(const firmware& program, virtual_board& board) {
    for (const std::string& pair : options_.between) {
        // A single colon separates; two belong to a C++ name.
        std::size_t colon = pair.find(':');
        while (colon != std::string::npos && colon + 1 < pair.size() && pair[colon + 1] == ':')
            colon = pair.find(':', colon + 2);
        if (colon == std::string::npos) {
            return fail(fmt::format("--count-symbols {}: give FROM:TO", pair));
        }
        const auto from = program.find(std::string_view(pair).substr(0, colon));
        if (!from) return fail(fmt::format("{}: {}", options_.elf, from.error().message));
        const auto to = program.find(std::string_view(pair).substr(colon + 1));
        if (!to) return fail(fmt::format("{}: {}", options_.elf, to.error().message));
        stretches_.emplace_back(
            pair, std::make_unique<stretch_meter>(board, from->address & ~1U, to->address & ~1U)
        );
    }
    return {};
}

void measurements::returned(const call& done) {
    if (done.function < counted_.size()) {
        counted_[done.function].add(done.instructions);
        return;
    }
    const json line = {
        {"call", names_[done.function]},
        {"arguments", done.arguments},
        {"result", done.result},
        {"exception", done.exception},
        {"caller", done.caller},
        {"entered", done.entered},
        {"returned", done.returned},
        {"instructions", done.instructions},
    };
    const std::string text = line.dump() + '\n';
    if (log_file_.is_open()) {
        log_file_ << text;
    } else {
        std::fputs(text.c_str(), stderr);
    }
}

result<void> measurements::finish() {
    if (log_file_.is_open()) {
        log_file_.flush();
        if (!log_file_)
            return fail(fmt::format("cannot write {}: {}", options_.calls, base::errno_text(errno))
            );
    }
    if (counted_.empty() && stretches_.empty() && !mask_) return {};
    json report = json::object();
    for (std::size_t i = 0; i < counted_.size(); ++i)
        report["functions"][names_[i]] = summary(counted_[i]);
    for (const auto& [name, meter] : stretches_)
        report["stretches"][name] = summary(meter->counts());
    if (mask_) {
        report["longest_masked"] = {
            {"instructions", mask_->longest()},
            {"at", fmt::format("{:#010x}", mask_->longest_at())},
        };
    }
    const std::string text = report.dump(2) + '\n';
    if (options_.report == "-") {
        std::fputs(text.c_str(), stderr);
        return {};
    }
    std::ofstream file(options_.report, std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
        return fail(fmt::format("cannot write {}: {}", options_.report, base::errno_text(errno)));
    return {};
}

} // namespace drone::board
