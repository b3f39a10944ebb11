// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace drone::board {

/// Where a maker's flash interface has what, as offsets into its registers and bits of them.
struct flash_layout {
    std::uint32_t base = 0;
    std::uint32_t bytes = 0; ///< of its registers
    bool is_nordic = false;  ///< an NVMC; nothing below is used

    std::uint32_t keys = 0;
    std::uint32_t status = 0;
    std::uint32_t clear = 0; ///< writes here clear status bits; 0: writes to the status itself do
    std::uint32_t control = 0;
    std::uint32_t address =
        0; ///< where the page to be erased is named by its address; 0: by number

    std::uint32_t program = 0;
    std::uint32_t erase = 0; ///< of a page or sector
    std::uint32_t erase_all = 0;
    std::uint32_t start = 0;
    std::uint32_t lock = 0;
    std::uint32_t writable = 0; ///< of the control register

    unsigned number_shift = 0;
    std::uint32_t number_mask = 0;
    std::uint32_t second_bank =
        0; ///< bit of the control register: the number is of the second bank
    std::uint32_t bank_bytes = 0;
    std::uint32_t page_bytes =
        0; ///< 0: the sectors of an STM32F4, whose width of writes counts too

    std::uint32_t options = 0; ///< a register that is only read ...
    std::uint32_t options_value = 0;
};

/// The flash interface of an STM32, or the NVMC of an nRF52: keys, erasing, programming that can only
/// clear bits. Every operation is done at once; no chip is ever seen busy.
class flash_controller {
public:
    explicit flash_controller(const flash_layout& layout);

    /// A part of the flash, as offsets into it.
    struct range {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };

    [[nodiscard]] bool has(std::uint32_t address) const {
        return address - layout_->base < layout_->bytes;
    }
    [[nodiscard]] std::uint32_t read(std::uint32_t address) const;
    /// Returns what is to be erased.
    [[nodiscard]] std::optional<range> write(std::uint32_t address, std::uint32_t value);

    /// Whether flash can be programmed now, by a write of that many bytes. A write that comes
    /// although it cannot is noted in the status register.
    [[nodiscard]] bool accepts(unsigned size);
    /// Whether more writes are to come.
    [[nodiscard]] bool programs() const { return (control_ & layout_->program) != 0; }

private:
    [[nodiscard]] bool unlocked() const { return (control_ & layout_->lock) == 0; }
    [[nodiscard]] std::optional<range> erased();
    [[nodiscard]] std::optional<range> write_nordic(std::uint32_t offset, std::uint32_t value);

    const flash_layout* layout_;
    std::uint32_t control_; // locked
    std::uint32_t status_ = 0;
    std::uint32_t address_ = 0;
    std::uint32_t latency_ = 0; // ACR, the first register of each STM32's
    bool first_key_given_ = false;
    bool refuses_keys_ = false; // until the next reset, after a wrong one
};

} // namespace drone::board
