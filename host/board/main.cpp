// SPDX-License-Identifier: MIT

// drone-board: the command line of the virtual board.

#include "base/errno.hpp"
#include "base/say.hpp"
#include "base/standard_streams.hpp"
#include "board/board.hpp"
#include "board/control.hpp"
#include "board/elf.hpp"
#include "board/flash_file.hpp"
#include "board/measurements.hpp"
#include "board/stlink_command.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>

namespace {

using namespace drone;
using namespace drone::board;

volatile std::sig_atomic_t stop_asked = 0;
volatile std::sig_atomic_t reset_asked = 0;

void catch_signals() {
    struct sigaction action{};
    action.sa_handler = [](int signal) { (signal == SIGHUP ? reset_asked : stop_asked) = 1; };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(signal, &action, nullptr);
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, nullptr);
    ::sigaction(SIGXFSZ, &action, nullptr);
}

int complain(const std::string& message) {
    base::say("drone-board: {}\n", message);
    return 1;
}

/// What the command line of `run` says.
struct run_options {
    std::string flash_file;
    std::string swo = "-";
    std::string ram_file;
    std::string ports = "all";
    std::string sync = "24";
    std::string cpu = "m4";
    std::uint32_t baud = 2'000'000;
    std::uint32_t cpu_hz = default_cpu_hz;
    bool no_probe = false;
    bool timestamps = false;
    bool exception_trace = false;
    bool frames = false;
    bool no_text = false;
    std::optional<std::uint64_t> max_instructions;
    std::optional<std::uint64_t> interrupt_at;
    unsigned irq = 0;
    measurement_options measured;
};

/// Of a firmware that faults again and again, so many are listed and the others counted.
constexpr std::uint64_t faults_in_full = 8;

/// The world around the board: its SWO cable, its semihosting console, its buttons.
class outside : public board_listener {
public:
    outside(int cable, bool cable_is_output, bool shows_text, control_socket& control)
        : cable_(cable), cable_is_output_(cable_is_output), shows_text_(shows_text),
          control_(control) {}

    bool swo(std::span<const std::uint8_t> bytes) override {
        return cable_ < 0 || send(cable_, bytes);
    }

    void console(int descriptor, std::string_view text) override {
        if (!shows_text_) return;
        const int where = cable_is_output_ ? STDERR_FILENO : descriptor;
        const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
        static_cast<void>(send(where, {data, text.size()}));
    }

    void note(std::string_view line) override {
        if (faults_ == 0) first_fault_ = line;
        if (++faults_ <= faults_in_full) base::say("drone-board: {}\n", line);
    }

    request poll() override {
        if (stop_asked != 0) return request::stop;
        if (control_.take_request() || reset_asked != 0) {
            reset_asked = 0;
            return request::reset;
        }
        return request::none;
    }

    [[nodiscard]] std::uint64_t faults() const { return faults_; }
    /// The fault, or how many there were and the first.
    [[nodiscard]] std::string fault_summary() const {
        if (faults_ == 1) return first_fault_;
        return fmt::format("{} faults, the first: {}", faults_, first_fault_);
    }
    [[nodiscard]] bool has_unlisted_faults() const { return faults_ > faults_in_full; }

    /// Why the cable was closed, when it was not simply that nobody reads any more.
    [[nodiscard]] const std::string& cable_error() const { return cable_error_; }

private:
    bool send(int where, std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(where, bytes.data(), bytes.size());
            if (written >= 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(written));
            } else if (errno != EINTR) {
                if (where == cable_ && errno != EPIPE) cable_error_ = base::errno_text(errno);
                return false;
            } else if (stop_asked != 0) {
                return false;
            }
        }
        return true;
    }

    int cable_;
    bool cable_is_output_;
    bool shows_text_;
    control_socket& control_;
    std::string cable_error_;
    std::uint64_t faults_ = 0;
    std::string first_fault_;
};

int flash(const std::string& flash_file, const std::string& firmware_file) {
    const auto program = read_firmware(firmware_file);
    if (!program) return complain(program.error().message);
    const auto image = flash_image(*program);
    if (!image) return complain(fmt::format("{}: {}", firmware_file, image.error().message));
    if (auto written = write_flash(flash_file, *image); !written) {
        return complain(written.error().message);
    }
    std::size_t bytes = 0;
    for (const segment& part : program->segments)
        bytes += part.bytes.size();
    base::say("{} bytes written and verified\n", bytes);
    return 0;
}

int press_reset(const std::string& flash_file) {
    const auto done = request_reset(flash_file);
    if (!done) return complain(done.error().message);
    base::say("{}\n", *done ? "reset" : "no board is running; its next run starts from reset");
    return 0;
}

result<board_setup> setup_of(const run_options& options) {
    board_setup setup;
    setup.cpu_hz = options.cpu_hz;
    if (options.cpu == "m0") setup.model = core_model::m0;
    if (options.cpu == "m3") setup.model = core_model::m3;
    if (options.cpu == "m33") setup.model = core_model::m33;
    if (options.no_probe) {
        setup.probe.reset();
        return setup;
    }
    probe_setup probe;
    if (options.ports == "none") {
        probe.ports = 0;
    } else if (options.ports != "all") {
        try {
            std::size_t used = 0;
            const unsigned long long mask = std::stoull(options.ports, &used, 0);
            if (used != options.ports.size() || mask > 0xFFFF'FFFF) throw std::out_of_range("mask");
            probe.ports = static_cast<std::uint32_t>(mask);
        } catch (const std::exception&) {
            return fail(fmt::format(
                "--ports {}: give a 32-bit mask such as 0x80000003, all, or none", options.ports
            ));
        }
    }
    probe.timestamps = options.timestamps;
    probe.exception_trace = options.exception_trace;
    probe.frames = options.frames;
    probe.baud = options.baud;
    probe.sync_tap = options.sync == "none" ? 0U
                     : options.sync == "24" ? 1U
                     : options.sync == "26" ? 2U
                                            : 3U;
    setup.probe = probe;
    return setup;
}

/// Writes the whole RAM as it is now.
result<void> save_ram(const std::string& file, virtual_board& machine) {
    const auto ram = machine.processor().memory(ram_origin, ram_size);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(ram.data()), static_cast<std::streamsize>(ram.size()));
    if (!out.flush())
        return fail(fmt::format("cannot write {}: {}", file, base::errno_text(errno)));
    return {};
}

/// A run in which a fault happened ended well only where the firmware itself says so.
int report(const run_end& end, const outside& world) {
    const bool faulted = world.faults() != 0;
    const bool exited_well = end.why == run_end::kind::exited && end.status == 0;
    if (end.why == run_end::kind::faulted) return complain(end.message);
    if (faulted && !exited_well) return complain(world.fault_summary());
    if (world.has_unlisted_faults()) complain(world.fault_summary());
    switch (end.why) {
    case run_end::kind::exited:
        return end.status == 0 ? 0 : 1;
    case run_end::kind::faulted:
    case run_end::kind::idle:
    case run_end::kind::limit:
        base::say("drone-board: {}\n", end.message);
        break;
    case run_end::kind::address:
    case run_end::kind::requested:
    case run_end::kind::halted:
        break;
    }
    return 0;
}

int run(const run_options& options) {
    const auto setup = setup_of(options);
    if (!setup) return complain(setup.error().message);
    const auto image = read_flash(options.flash_file);
    if (!image) return complain(image.error().message);
    int cable = STDOUT_FILENO;
    if (options.swo != "-") {
        cable = ::open(options.swo.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (cable < 0) {
            return complain(fmt::format("cannot write {}: {}", options.swo, base::errno_text(errno))
            );
        }
    }
    catch_signals();
    auto control = control_socket::listen(options.flash_file);
    if (!control) return complain(control.error().message);
    outside world(cable, options.swo == "-", !options.no_text, *control);
    auto machine = virtual_board::make(*setup, *image, world);
    if (!machine) return complain(machine.error().message);

    auto measuring = measurements::start(options.measured, **machine);
    if (!measuring) return complain(measuring.error().message);
    if (options.interrupt_at) (*machine)->pend_at(*options.interrupt_at, options.irq);

    run_limits limits;
    limits.cycles = options.max_instructions;
    const run_end end = (*machine)->run(limits);
    (*machine)->flush_trace();
    if (auto done = (*measuring)->finish(); !done) return complain(done.error().message);
    if (!options.ram_file.empty())
        if (auto saved = save_ram(options.ram_file, **machine); !saved)
            return complain(saved.error().message);
    if (!world.cable_error().empty()) {
        return complain(fmt::format("cannot write {}: {}", options.swo, world.cable_error()));
    }
    return report(end, world);
}

void add_run_options(CLI::App& command, run_options& options) {
    command.add_option("--flash-file", options.flash_file, "The board's flash")->required();
    command.add_option("--swo", options.swo, "Where the SWO pin's bytes go, - for standard output");
    command.add_option("--baud", options.baud, "Baud rate on the SWO pin")
        ->check(CLI::Range(1'000U, 100'000'000U));
    command.add_option("--cpu-hz", options.cpu_hz, "Cycles a second")
        ->check(CLI::Range(1'000'000U, 1'000'000'000U));
    command.add_option("--cpu", options.cpu, "Core")
        ->check(CLI::IsMember({"m0", "m3", "m4", "m33"}));
    command.add_flag("--no-probe", options.no_probe, "No debugger is attached, nobody listens");
    command.add_option(
        "--ports", options.ports, "ITM ports that the probe enables: mask, all, none"
    );
    command.add_flag("--timestamps", options.timestamps, "Local timestamps after each packet");
    command.add_flag("--exception-trace", options.exception_trace, "Exception packets of the DWT");
    command.add_flag("--frames", options.frames, "TPIU frames around the trace, source 1");
    command.add_flag("--no-text", options.no_text, "Show no text written by semihosting");
    command
        .add_option("--sync", options.sync, "A synchronisation packet every 2^N cycles, or none")
        ->check(CLI::IsMember({"none", "24", "26", "28"}));
    command.add_option("--max-instructions", options.max_instructions, "End after so many cycles");
    command.add_option("--save-ram", options.ram_file, "Where the RAM goes as it is at the end");
    command
        .add_option(
            "--interrupt-at", options.interrupt_at, "Pend an interrupt before this instruction"
        )
        ->needs(command.add_option("--irq", options.irq, "Which one")
                    ->check(CLI::Range(0U, nvic::interrupt_count - 1)));
}

void add_measurement_options(CLI::App& command, measurement_options& options) {
    command.add_option("--elf", options.elf, "The flashed program, for its symbols");
    command
        .add_option("--count", options.counts, "Count the instructions of this function's calls")
        ->allow_extra_args(false);
    command.add_option("--count-symbols", options.between, "FROM:TO, count from one to the other")
        ->allow_extra_args(false);
    command.add_flag(
        "--longest-masked", options.longest_masked, "Find the longest run with PRIMASK set (slow)"
    );
    command.add_option(
        "--report", options.report, "Where the counts go as JSON, - for standard error"
    );
    command.add_option("--log-calls", options.logs, "Log this function's calls")
        ->allow_extra_args(false);
    command.add_option("--calls", options.calls, "Where logged calls go, - for standard error");
}

} // namespace

int main(int argc, char** argv) {
    drone::base::keep_standard_streams();
    CLI::App app("drone-board: a virtual Cortex-M board (virtual-m4)", "drone-board");
    app.require_subcommand(1);

    std::string flash_file;
    std::string firmware_file;
    CLI::App& flash_command = *app.add_subcommand("flash", "Write a firmware to the board's flash");
    flash_command.add_option("--flash-file", flash_file, "The board's flash")->required();
    flash_command.add_option("FIRMWARE", firmware_file, "The linked program")->required();

    run_options options;
    CLI::App& run_command = *app.add_subcommand("run", "Power the board and run it");
    add_run_options(run_command, options);
    add_measurement_options(run_command, options.measured);

    CLI::App& reset_command = *app.add_subcommand("reset", "Reset the board that is running");
    reset_command.add_option("--flash-file", flash_file, "The board's flash")->required();

    stlink_options stlink;
    CLI::App& stlink_command =
        *app.add_subcommand("stlink", "Power the board behind an ST-Link, for OpenOCD");
    add_stlink_options(stlink_command, stlink);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (flash_command.parsed()) return flash(flash_file, firmware_file);
    if (reset_command.parsed()) return press_reset(flash_file);
    if (stlink_command.parsed()) return serve_stlink(stlink);
    return run(options);
}
