// SPDX-License-Identifier: MIT

#include "board/core.hpp"

#include "base/bytes.hpp"
#include "board/memory_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace drone::board {
namespace {

// Unicorn's numbers of what it leaves to the host (its target/arm/cpu.h).
enum : std::uint32_t {
    undefined_instruction = 1,
    supervisor_call = 2,
    breakpoint = 7,
    exception_exit = 8,
};

// A page that no firmware sees, with CLREX and a jump to the address in its third word: the way
// into and out of handlers, so that clearing the monitor costs no second start of the engine.
constexpr std::uint32_t trampoline_origin = 0x07FF'F000;
constexpr std::array<std::uint16_t, 4> trampoline_code{0xF3BF, 0x8F2F, 0xF8DF, 0xF000};
constexpr std::size_t trampoline_target = 8;

constexpr std::uint32_t no_address = 0xFFFF'FFFE; // where no program can come
constexpr std::uint16_t wfi_opcode = 0xBF30;
constexpr std::array<std::uint16_t, 2> hint_opcodes{0xBF10, 0xBF20}; // YIELD, WFE

int unicorn_model(core_model model) {
    switch (model) {
    case core_model::m0:
        return UC_CPU_ARM_CORTEX_M0;
    case core_model::m3:
        return UC_CPU_ARM_CORTEX_M3;
    case core_model::m7:
        return UC_CPU_ARM_CORTEX_M7;
    case core_model::m33:
        return UC_CPU_ARM_CORTEX_M33;
    case core_model::m4:
        break;
    }
    return UC_CPU_ARM_CORTEX_M4;
}

template <class Function>
void* as_callback(Function* function) {
    return reinterpret_cast<void*>(function);
}

} // namespace

void core::free_pages::operator()(std::uint8_t* pages) const { std::free(pages); }

core::pages core::make_pages(std::size_t size) {
    return pages(static_cast<std::uint8_t*>(std::aligned_alloc(peripheral_page, size)));
}

result<std::unique_ptr<core>> core::open(
    core_model model,
    const std::vector<std::uint8_t>& flash,
    std::span<const std::uint32_t> register_pages,
    core_events& events,
    instruction_hook hook,
    void* hook_data
) {
    std::unique_ptr<core> made(new core(model, events));
    uc_engine* engine = nullptr;
    // Unicorn ORs enumerators. NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    const auto mode = static_cast<uc_mode>(UC_MODE_THUMB | UC_MODE_MCLASS);
    if (const uc_err status = uc_open(UC_ARCH_ARM, mode, &engine); status != UC_ERR_OK) {
        return fail(fmt::format("the processor cannot start: {}", uc_strerror(status)));
    }
    made->engine_.reset(engine);
    // Unicorn ORs enumerators. NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    if (uc_ctl_set_cpu_model(engine, unicorn_model(model)) != UC_ERR_OK ||
        !made->map_memory(flash) || !made->map_registers(register_pages) ||
        !made->add_hooks(hook, hook_data)) {
        return fail("the processor cannot be set up; is this Unicorn 2?");
    }
    return made;
}

bool core::map_memory(const std::vector<std::uint8_t>& flash) {
    flash_ = make_pages(flash_size);
    ram_ = make_pages(ram_size);
    trampoline_ = make_pages(peripheral_page);
    if (!flash_ || !ram_ || !trampoline_ || flash.size() != flash_size) return false;
    std::ranges::copy(flash, flash_.get());
    std::fill_n(ram_.get(), ram_size, std::uint8_t{0});
    std::fill_n(trampoline_.get(), peripheral_page, std::uint8_t{0});
    std::memcpy(trampoline_.get(), trampoline_code.data(), sizeof trampoline_code);

    uc_engine* const engine = engine_.get();
    constexpr std::uint32_t read_only = UC_PROT_READ | UC_PROT_EXEC;
    const auto map = [&](std::uint32_t origin, std::uint32_t size, std::uint32_t rights, auto& at) {
        return uc_mem_map_ptr(engine, origin, size, rights, at.get()) == UC_ERR_OK;
    };
    return map(flash_origin, flash_size, read_only, flash_) &&
           map(flash_alias, flash_size, read_only, flash_) &&
           map(ram_origin, ram_size, UC_PROT_ALL, ram_) &&
           map(trampoline_origin, peripheral_page, read_only, trampoline_);
}

bool core::map_registers(std::span<const std::uint32_t> bases) {
    for (const std::uint32_t base : bases)
        register_pages_.push_back({&events_, base});
    const auto read = +[](uc_engine*, std::uint64_t offset, unsigned size, void* where) {
        const auto& page = *static_cast<const register_page*>(where);
        return std::uint64_t{
            page.events->read_register(page.base + static_cast<std::uint32_t>(offset), size)
        };
    };
    const auto write =
        +[](uc_engine*, std::uint64_t offset, unsigned size, std::uint64_t value, void* where) {
            const auto& page = *static_cast<const register_page*>(where);
            page.events->write_register(
                page.base + static_cast<std::uint32_t>(offset),
                size,
                static_cast<std::uint32_t>(value)
            );
        };
    // The engine keeps the addresses of the pages: all are in the vector before the first is given.
    return std::ranges::all_of(register_pages_, [&](register_page& page) {
        return uc_mmio_map(engine_.get(), page.base, peripheral_page, read, &page, write, &page) ==
               UC_ERR_OK;
    });
}

bool core::add_hooks(instruction_hook hook, void* hook_data) {
    uc_engine* const engine = engine_.get();
    uc_hook handle = 0;
    const auto on_interrupt = +[](uc_engine* unicorn, std::uint32_t number, void* self) {
        static_cast<core*>(self)->interrupt_ = number;
        uc_emu_stop(unicorn);
    };
    // The engine drops a write to memory that it may not write when this returns true.
    const auto on_bad_access = +[](uc_engine*,
                                   uc_mem_type kind,
                                   std::uint64_t address,
                                   int size,
                                   std::int64_t value,
                                   void* self) {
        auto& processor = *static_cast<core*>(self);
        processor.fault_address_ = static_cast<std::uint32_t>(address);
        return kind == UC_MEM_WRITE_PROT && processor.events_.write_flash(
                                                processor.fault_address_,
                                                static_cast<unsigned>(size),
                                                static_cast<std::uint32_t>(value)
                                            );
    };
    const auto on_ram_code = +[](uc_engine*, std::uint64_t, std::uint32_t, void* self) {
        static_cast<core*>(self)->ram_executed_ = true;
    };
    const auto add = [&](int kind, void* callback, void* data, std::uint64_t from, std::uint64_t to
                     ) {
        return uc_hook_add(engine, &handle, kind, callback, data, from, to) == UC_ERR_OK;
    };
    constexpr std::uint64_t last_of_flash = std::uint64_t{flash_origin} + flash_size - 1;
    constexpr std::uint64_t last_of_ram = std::uint64_t{ram_origin} + ram_size - 1;
    return add(UC_HOOK_CODE, as_callback(hook), hook_data, flash_origin, last_of_flash) &&
           add(UC_HOOK_CODE, as_callback(hook), hook_data, flash_alias, flash_size - 1) &&
           add(UC_HOOK_CODE, as_callback(hook), hook_data, ram_origin, last_of_ram) &&
           add(UC_HOOK_BLOCK, as_callback(on_ram_code), this, ram_origin, last_of_ram) &&
           add(UC_HOOK_INTR, as_callback(on_interrupt), this, 1, 0) &&
           add(UC_HOOK_MEM_INVALID, as_callback(on_bad_access), this, 1, 0);
}

// Unicorn closes without freeing what it keeps of a page where code lies beside data that is written.
core::~core() {
    if (ram_executed_) memory_changed(ram_origin, ram_size);
}

std::uint32_t core::get(uc_arm_reg name) const {
    std::uint32_t value = 0;
    uc_reg_read(engine_.get(), name, &value);
    return value;
}

void core::set(uc_arm_reg name, std::uint32_t value) { uc_reg_write(engine_.get(), name, &value); }

std::uint32_t core::argument(unsigned index) const {
    return get(static_cast<uc_arm_reg>(UC_ARM_REG_R0 + index));
}

trap core::run(std::uint32_t pc) {
    for (;;) {
        interrupt_ = 0;
        stopped_ = false;
        std::uint32_t start = pc;
        if (clear_exclusive_) {
            clear_exclusive_ = false;
            // ARMv6-M has neither a monitor nor the instruction.
            if (model_ != core_model::m0) {
                const std::uint32_t target = pc | 1U;
                std::memcpy(trampoline_.get() + trampoline_target, &target, sizeof target);
                start = trampoline_origin;
            }
        }
        const uc_err status = uc_emu_start(engine_.get(), start | 1U, no_address, 0, 0);
        trap result = describe(status);
        // Unicorn takes a YIELD or WFE for the end of the program; both may do nothing (A7.7.262).
        const auto opcode = memory(result.pc, 2);
        if (result.why == trap::cause::usage_fault && opcode.size() == 2) {
            const auto code = base::load_le<std::uint16_t>(opcode.data());
            if (std::ranges::find(hint_opcodes, code) != hint_opcodes.end()) {
                pc = result.pc + 2;
                continue;
            }
        }
        return result;
    }
}

trap core::describe(uc_err status) const {
    const std::uint32_t pc = get(UC_ARM_REG_PC);
    const auto fault = [&](trap::cause why, std::string what) {
        return trap{why, pc, fault_address_, std::move(what)};
    };
    switch (status) {
    case UC_ERR_OK:
        break;
    case UC_ERR_READ_UNMAPPED:
    case UC_ERR_READ_PROT:
        return fault(trap::cause::memory_fault, fmt::format("read of {:#010x}", fault_address_));
    case UC_ERR_WRITE_UNMAPPED:
    case UC_ERR_WRITE_PROT:
        return fault(trap::cause::memory_fault, fmt::format("write to {:#010x}", fault_address_));
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT:
        return fault(
            trap::cause::memory_fault,
            fmt::format("instruction fetch from {:#010x}", fault_address_)
        );
    case UC_ERR_INSN_INVALID:
        return fault(trap::cause::usage_fault, "undefined instruction");
    default:
        return fault(trap::cause::usage_fault, uc_strerror(status));
    }
    switch (interrupt_) {
    case 0: {
        const auto last = memory(pc - 2, 2);
        const bool slept = !stopped_ && last.size() == 2 &&
                           base::load_le<std::uint16_t>(last.data()) == wfi_opcode;
        return {slept ? trap::cause::sleep : trap::cause::stopped, pc, 0, {}};
    }
    case supervisor_call:
        return {trap::cause::supervisor_call, pc, 0, {}};
    case breakpoint:
        return {trap::cause::breakpoint, pc, 0, {}};
    case exception_exit:
        return {trap::cause::exception_return, pc | 1U, 0, {}};
    case undefined_instruction:
        return fault(trap::cause::usage_fault, "undefined instruction");
    default:
        return fault(trap::cause::usage_fault, fmt::format("processor exception {}", interrupt_));
    }
}

void core::reset(std::uint32_t stack) {
    for (unsigned i = 0; i <= 12; ++i)
        set(static_cast<uc_arm_reg>(UC_ARM_REG_R0 + i), 0);
    set(UC_ARM_REG_IPSR, 0);
    set(UC_ARM_REG_CONTROL, 0);
    set(UC_ARM_REG_PRIMASK, 0);
    set(UC_ARM_REG_BASEPRI, 0);
    set(UC_ARM_REG_FAULTMASK, 0);
    set(UC_ARM_REG_XPSR_NZCVQG, 1U << 24U);
    set(UC_ARM_REG_SP, stack & ~3U);
    set(UC_ARM_REG_LR, 0xFFFF'FFFF);
    clear_exclusive();
}

std::optional<std::uint32_t> core::read_word(std::uint32_t address) const {
    const auto bytes = memory(address, 4);
    if (bytes.empty()) return std::nullopt;
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

std::span<const std::uint8_t> core::memory(std::uint32_t address, std::uint32_t size) const {
    const auto inside = [&](std::uint32_t origin, std::uint32_t whole) {
        return address >= origin && address - origin <= whole && whole - (address - origin) >= size;
    };
    if (inside(flash_origin, flash_size)) return {flash_.get() + (address - flash_origin), size};
    if (inside(flash_alias, flash_size)) return {flash_.get() + (address - flash_alias), size};
    if (inside(ram_origin, ram_size)) return {ram_.get() + (address - ram_origin), size};
    return {};
}

std::span<std::uint8_t> core::ram(std::uint32_t address, std::uint32_t size) {
    if (size > ram_size || !on_stack(address, size)) return {};
    return {ram_.get() + (address - ram_origin), size};
}

std::span<std::uint8_t> core::flash() { return {flash_.get(), flash_size}; }

void core::memory_changed(std::uint32_t address, std::uint32_t size) {
    // Unicorn ORs enumerators. NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    uc_ctl_remove_cache(engine_.get(), address, std::uint64_t{address} + size);
}

core_context core::save() const {
    core_context context;
    uc_context* registers = nullptr;
    if (uc_context_alloc(engine_.get(), &registers) == UC_ERR_OK) {
        context.registers_.reset(registers, [](uc_context* taken) { uc_context_free(taken); });
        uc_context_save(engine_.get(), registers);
    }
    context.clear_exclusive_ = clear_exclusive_;
    context.ram_.assign(ram_.get(), ram_.get() + ram_size);
    return context;
}

void core::restore(const core_context& context) {
    uc_context_restore(engine_.get(), context.registers_.get());
    std::ranges::copy(context.ram_, ram_.get());
    clear_exclusive_ = context.clear_exclusive_;
    // Unicorn ORs enumerators. NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    if (ram_executed_) memory_changed(ram_origin, ram_size);
}

} // namespace drone::board
