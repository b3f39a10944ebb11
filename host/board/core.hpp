// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "board/core_model.hpp"

#include <unicorn/unicorn.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drone::board {

/// What the core reports to the board. Called while it executes.
class core_events {
public:
    core_events() = default;
    core_events(const core_events&) = delete;
    core_events& operator=(const core_events&) = delete;
    virtual ~core_events() = default;

    virtual std::uint32_t read_register(std::uint32_t address, unsigned size) = 0;
    virtual void write_register(std::uint32_t address, unsigned size, std::uint32_t value) = 0;
    /// A write to flash. Returns whether the flash took it; else it is a fault.
    virtual bool write_flash(std::uint32_t address, unsigned size, std::uint32_t value) = 0;
};

/// Why the core stopped executing.
struct trap {
    enum class cause : std::uint8_t {
        stopped,          ///< stop() was called
        sleep,            ///< WFI; pc is after it
        exception_return, ///< pc holds the EXC_RETURN value
        supervisor_call,  ///< pc is after the SVC
        breakpoint,       ///< pc is at the BKPT
        memory_fault,     ///< `address` could not be accessed; pc is at the instruction
        usage_fault,      ///< what is at pc is not an instruction of this core
    };
    cause why = cause::stopped;
    std::uint32_t pc = 0;
    std::uint32_t address = 0;
    std::string what; ///< of a fault
};

/// The core's registers, taken together.
class core_context {
public:
    core_context() = default;

private:
    friend class core;
    std::vector<std::uint8_t> ram_;
    std::shared_ptr<uc_context> registers_;
    bool clear_exclusive_ = false;
};

/// The processor core: Unicorn, which executes instructions, and the stack frames of exceptions,
/// which Unicorn leaves to its host (ARMv7-M B1.5.6, B1.5.8). The core does not decide which
/// exception runs when.
///
/// Limits: the FP-extended frame is written at once, never lazily; no MPU; no bit-band alias; a
/// model M0 executes ARMv6-M code.
class core {
public:
    /// Called before each instruction in flash and RAM; calling stop() in it keeps the instruction
    /// from being executed, except inside an IT block.
    using instruction_hook = void (*)(uc_engine*, std::uint64_t address, std::uint32_t size, void*);

    /// `flash` becomes the flash and its alias at 0. `register_pages` are read and written through
    /// `events`.
    static result<std::unique_ptr<core>> open(
        core_model model,
        const std::vector<std::uint8_t>& flash,
        std::span<const std::uint32_t> register_pages,
        core_events& events,
        instruction_hook hook,
        void* hook_data
    );

    core(const core&) = delete;
    core& operator=(const core&) = delete;
    ~core();

    /// Registers as Unicorn numbers them.
    [[nodiscard]] std::uint32_t get(uc_arm_reg name) const;
    void set(uc_arm_reg name, std::uint32_t value);
    /// r0..r3
    [[nodiscard]] std::uint32_t argument(unsigned index) const;
    void set_result(std::uint32_t value) { set(UC_ARM_REG_R0, value); }

    /// Executes from `pc` on until something ends it.
    [[nodiscard]] trap run(std::uint32_t pc);
    void stop() {
        stopped_ = true;
        uc_emu_stop(engine_.get());
    }
    /// Registers as after reset, in thread mode on the main stack. RAM keeps what it holds.
    void reset(std::uint32_t stack);
    /// Forgets an exclusive access before the next instruction, as exceptions do (A3.4.1).
    void clear_exclusive() { clear_exclusive_ = true; }

    /// Stacks the frame and enters handler mode. False when the stack lies outside RAM.
    [[nodiscard]] bool enter_handler(unsigned number, std::uint32_t return_address, bool align);
    /// Unstacks the frame; returns where to go on, or nothing when the stack lies outside RAM.
    [[nodiscard]] std::optional<std::uint32_t> leave_handler(std::uint32_t exception_return);
    /// Exception number of the handler that runs, 0 in thread mode.
    [[nodiscard]] unsigned exception_number() const { return get(UC_ARM_REG_IPSR) & 0x1FFU; }

    /// A word of flash or RAM.
    [[nodiscard]] std::optional<std::uint32_t> read_word(std::uint32_t address) const;
    /// Bytes of flash or RAM; empty when the range lies outside.
    [[nodiscard]] std::span<const std::uint8_t>
    memory(std::uint32_t address, std::uint32_t size) const;
    [[nodiscard]] std::span<std::uint8_t> ram(std::uint32_t address, std::uint32_t size);
    /// All of the flash, for its controller.
    [[nodiscard]] std::span<std::uint8_t> flash();
    /// Must be called before the core goes on, after bytes that may be instructions were written.
    void memory_changed(std::uint32_t address, std::uint32_t size);

    [[nodiscard]] core_context save() const;
    void restore(const core_context& context);

    [[nodiscard]] core_model model() const { return model_; }

private:
    struct close_engine {
        void operator()(uc_engine* engine) const { uc_close(engine); }
    };
    struct free_pages {
        void operator()(std::uint8_t* pages) const;
    };
    using pages = std::unique_ptr<std::uint8_t[], free_pages>;

    /// A page of registers, as the engine's callbacks know it.
    struct register_page {
        core_events* events;
        std::uint32_t base;
    };

    core(core_model model, core_events& events) : model_(model), events_(events) {}
    [[nodiscard]] bool map_memory(const std::vector<std::uint8_t>& flash);
    [[nodiscard]] bool map_registers(std::span<const std::uint32_t> bases);
    [[nodiscard]] bool add_hooks(instruction_hook hook, void* hook_data);
    static pages make_pages(std::size_t size);

    [[nodiscard]] bool on_stack(std::uint32_t address, std::uint32_t size) const;
    void push_floating_point(std::uint32_t frame);
    void pop_floating_point(std::uint32_t frame);
    [[nodiscard]] std::uint32_t load(std::uint32_t address) const;
    void store(std::uint32_t address, std::uint32_t value);
    [[nodiscard]] trap describe(uc_err status) const;

    core_model model_;
    core_events& events_;
    pages flash_;
    pages ram_;
    pages trampoline_;
    std::vector<register_page> register_pages_;
    std::unique_ptr<uc_engine, close_engine> engine_;

    bool clear_exclusive_ = false;
    bool ram_executed_ = false;
    bool stopped_ = false;
    std::uint32_t interrupt_ = 0; // Unicorn's number, 0 for none
    std::uint32_t fault_address_ = 0;
};

} // namespace drone::board
