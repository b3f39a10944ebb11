// SPDX-License-Identifier: MIT

// drone doctor: why nothing arrives.

#include "probe/doctor.hpp"

#include "base/bytes.hpp"
#include "capture/gdb_remote.hpp"
#include "cli/command.hpp"
#include "cli/say.hpp"
#include "cli/source_options.hpp"
#include "cli/tool_source.hpp"
#include "config/config.hpp"
#include "probe/service.hpp"
#include "probe/tool_adapter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drone::cli {

namespace {

/// The memory of a target.
class target {
public:
    target() = default;
    target(const target&) = delete;
    target& operator=(const target&) = delete;
    virtual ~target() = default;
    virtual std::optional<std::uint32_t> read(std::uint32_t address) = 0;
    virtual result<void> write(std::uint32_t address, std::uint32_t value) = 0;
    /// As many words as could be read.
    virtual std::vector<std::uint32_t> read_block(std::uint32_t address, std::uint32_t words) = 0;
    /// Lets the target run for a moment, where it was stopped.
    virtual result<void> pass_time() { return {}; }
};

class openocd_target final : public target {
public:
    openocd_target(probe::scratch at, std::unique_ptr<probe::service> tool, std::string server)
        : at_(std::move(at)), tool_(std::move(tool)), server_(std::move(server)) {}

    std::optional<std::uint32_t> read(std::uint32_t address) override {
        const auto words = read_block(address, 1);
        if (words.empty()) return std::nullopt;
        return words.front();
    }
    result<void> write(std::uint32_t address, std::uint32_t value) override {
        const auto done = ask_openocd(server_, {fmt::format("mww {:#x} {:#x}", address, value)});
        if (!done) return std::unexpected(done.error());
        return {};
    }
    std::vector<std::uint32_t> read_block(std::uint32_t address, std::uint32_t count) override {
        std::vector<std::uint32_t> words;
        constexpr std::uint32_t most = 1024;
        while (count != 0) {
            const std::uint32_t part = std::min(count, most);
            const auto text =
                ask_openocd(server_, {fmt::format("read_memory {:#x} 32 {}", address, part)});
            if (!text || !append(*text, words)) return words;
            address += 4 * part;
            count -= part;
        }
        return words;
    }

private:
    /// "0x1 0x2": whether all of it are numbers.
    static bool append(std::string_view text, std::vector<std::uint32_t>& to) {
        while (!text.empty()) {
            const std::string_view word = text.substr(0, text.find(' '));
            text.remove_prefix(std::min(text.size(), word.size() + 1));
            std::uint32_t value = 0;
            if (!word.starts_with("0x")) return false;
            const auto [end, problem] =
                std::from_chars(word.data() + 2, word.data() + word.size(), value, 16);
            if (problem != std::errc{} || end != word.data() + word.size()) return false;
            to.push_back(value);
        }
        return true;
    }

    probe::scratch at_;
    std::unique_ptr<probe::service> tool_;
    std::string server_;
};

class gdb_target final : public target {
public:
    explicit gdb_target(capture::gdb_remote server) : server_(std::move(server)) {}
    ~gdb_target() override { server_.detach(); }

    std::optional<std::uint32_t> read(std::uint32_t address) override {
        const auto word = server_.read_word(address);
        if (!word) return std::nullopt;
        return *word;
    }
    result<void> write(std::uint32_t address, std::uint32_t value) override {
        return server_.write_word(address, value);
    }
    std::vector<std::uint32_t> read_block(std::uint32_t address, std::uint32_t count) override {
        std::vector<std::uint32_t> words;
        constexpr std::uint32_t most = 256;
        while (count != 0) {
            const std::uint32_t part = std::min(count, most);
            const auto bytes = server_.read(address, 4 * part);
            if (!bytes || bytes->size() != 4 * part) return words;
            for (std::uint32_t i = 0; i < part; ++i)
                words.push_back(base::load_le<std::uint32_t>(bytes->data() + 4 * i));
            address += 4 * part;
            count -= part;
        }
        return words;
    }
    result<void> pass_time() override {
        if (auto done = server_.resume(); !done) return done;
        return server_.interrupt();
    }

private:
    capture::gdb_remote server_;
};

result<std::unique_ptr<target>> open_target(const probe::setup& s) {
    if (s.probe.kind == "gdb") {
        auto server = capture::gdb_remote::connect(s.probe.server);
        if (!server) return std::unexpected(server.error());
        return std::make_unique<gdb_target>(std::move(*server));
    }
    auto at = probe::scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto plan = probe::plan_inspection(s, at->place());
    if (!plan) return std::unexpected(plan.error());
    auto tool = probe::service::start(plan->command);
    if (!tool) return std::unexpected(tool.error());
    constexpr std::chrono::seconds patience{20};
    if (auto ready = (*tool)->wait_for(plan->ready, patience); !ready)
        return std::unexpected(ready.error());
    return std::make_unique<openocd_target>(*std::move(at), *std::move(tool), plan->server);
}

std::unexpected<error> nothing_read(const char* what) {
    return fail(fmt::format(
        "{} of the target can be read; is it a powered Cortex-M, wired to the probe?", what
    ));
}

result<probe::registers> look_at(const std::vector<std::uint32_t>& addresses, target& t) {
    probe::registers seen;
    for (const std::uint32_t address : addresses)
        seen[address] = t.read(address);
    if (!seen.empty() &&
        std::ranges::none_of(seen, [](const auto& one) { return one.second.has_value(); }))
        return nothing_read("no register");
    return seen;
}

result<std::vector<probe::finding>> look_at_swo(const probe::setup& s, target& t) {
    const auto seen = look_at(probe::swo_registers(s), t);
    if (!seen) return std::unexpected(seen.error());
    return probe::diagnose_swo(s, *seen);
}

result<std::vector<probe::finding>> look_at_uart(const probe::setup& s, target& t) {
    const auto seen = look_at(probe::uart_registers(s), t);
    if (!seen) return std::unexpected(seen.error());
    return probe::diagnose_uart(s, *seen);
}

result<std::vector<probe::finding>> look_at_rtt(const probe::setup& s, target& t) {
    constexpr std::uint32_t id[3] = {0x4747'4553, 0x5220'5245, 0x0000'5454}; // SEGGER RTT
    const auto memory = t.read_block(s.ram.origin, s.ram.size / 4);
    if (memory.empty()) return nothing_read("no RAM");
    const auto found = std::ranges::search(memory, id).begin();
    probe::rtt_sight seen;
    const auto at = static_cast<std::uint32_t>(found - memory.begin());
    if (found == memory.end() || memory.size() - at < 6) return probe::diagnose_rtt(s, seen);
    seen.block = s.ram.origin + 4 * at;
    seen.ups = memory[at + 4];
    const std::uint32_t up = *seen.block + 24 + 24 * s.log.rtt_channel;
    seen.size = t.read(up + 8).value_or(0);
    seen.written = t.read(up + 12).value_or(0);
    seen.read = t.read(up + 16).value_or(0);
    if (auto done = t.pass_time(); !done) return std::unexpected(done.error());
    seen.written_later = t.read(up + 12).value_or(0);
    seen.read_later = t.read(up + 16).value_or(0);
    return probe::diagnose_rtt(s, seen);
}

result<void> repair(target& t, const probe::finding& f) {
    for (const probe::mend& m : f.mending) {
        const std::uint32_t before = m.mask == 0xFFFF'FFFF ? 0 : t.read(m.address).value_or(0);
        if (auto done = t.write(m.address, (before & ~m.mask) | m.value); !done) return done;
    }
    return {};
}

struct doctor_options {
    tool_options tool;
    std::string uart; ///< BAUD@CLOCK; empty: the log does not come over one
    bool fix = false;
};

result<probe::setup> patient(const doctor_options& options) {
    const auto project = find_project(
        !options.tool.via.empty(), "the probe with --via TOOL:CHIP, such as openocd:stm32f4x"
    );
    if (!project) return std::unexpected(project.error());
    const std::optional<config::project>& known = *project;
    auto s = find_setup(options.tool, known ? &*known : nullptr);
    if (s && !options.uart.empty())
        if (const auto rate = probe::parse_rate(options.uart, s->log); !rate)
            return std::unexpected(rate.error());
    if (s && s->probe.kind == "virtual")
        return fail("the virtual board has no debug port here; its log is set up by `drone log`");
    return s;
}

result<int> examine(const doctor_options& options) {
    const auto s = patient(options);
    if (!s) return std::unexpected(s.error());
    const auto t = open_target(*s);
    if (!t) return std::unexpected(t.error());
    const bool is_rtt = s->log.carrier == config::log_carrier::rtt;
    const auto look = [&]() -> result<std::vector<probe::finding>> {
        if (!options.uart.empty()) return look_at_uart(*s, **t);
        if (is_rtt) return look_at_rtt(*s, **t);
        return look_at_swo(*s, **t);
    };
    auto findings = look();
    if (!findings) return std::unexpected(findings.error());
    const auto is_wrong = [](const probe::finding& f) {
        return f.is == probe::finding::verdict::wrong;
    };
    const bool any_wrong = std::ranges::any_of(*findings, is_wrong);
    if (any_wrong && options.fix) {
        for (const probe::finding& f : *findings)
            if (is_wrong(f))
                if (auto done = repair(**t, f); !done) return std::unexpected(done.error());
        const auto now = look();
        if (!now) return std::unexpected(now.error());
        *findings = probe::after_mending(std::move(*findings), *now);
    }
    for (const probe::finding& f : *findings)
        fmt::print("{}\n", probe::describe(f));
    if (!any_wrong) return 0;
    if (!options.fix) {
        if (std::ranges::any_of(*findings, [](const auto& f) { return !f.mending.empty(); }))
            say("`drone doctor --fix` writes what is shown under WRONG\n");
        return 1;
    }
    if (std::ranges::any_of(*findings, is_wrong)) return 1;
    say("all of it is mended, until the next reset\n");
    return 0;
}

} // namespace

void add_doctor(command_syntax parent, session& s) {
    const auto options = std::make_shared<doctor_options>();
    command_syntax doctor = parent.add_subcommand(
        "doctor", "Find out why a board's log is silent, over its debug port"
    );
    doctor.add_flag("--fix", options->fix, "Write the registers that are wrong");
    option_syntax uart = doctor.add_option(
        "--uart",
        options->uart,
        "BAUD@CLOCK: the log comes over a UART that divides CLOCK, such as 115200@42MHz"
    );
    uart.check(refused_by([](const std::string& text) {
        config::log ignored;
        return probe::parse_rate(text, ignored);
    }));
    add_tool_options(doctor, options->tool);
    s.on(doctor, [options] { return examine(*options); });
}

} // namespace drone::cli
