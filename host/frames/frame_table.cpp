// SPDX-License-Identifier: MIT

#include "frames/frame_table.hpp"

#include "base/bytes.hpp"
#include "base/elf.hpp"

#include <drone/frame_table.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <elf.h>
#include <iterator>

namespace drone::frames {

namespace {

constexpr const char* symbol_name = "drone_frames_1";

/// Rows and shapes as they grow.
class rows_of_code {
public:
    explicit rows_of_code(std::uint32_t base) : base_(base) {}

    /// Calls from that address on have this frame. False: there are too many shapes.
    bool add(std::uint32_t code, call_frame frame) {
        const bool has_room = frame.size < frame_limit && frame.size % frame_alignment == 0;
        const std::uint32_t shape = has_room ? make_shape(frame.size, frame.slot) : 0;
        auto known = std::ranges::find(shapes, shape);
        if (known == shapes.end()) {
            if (shapes.size() == shape_limit) return false;
            known = shapes.insert(known, shape);
        }
        const auto index = static_cast<std::uint32_t>(known - shapes.begin());
        if (!rows.empty() && (rows.back() & shape_mask) == index) return true;
        rows.push_back(make_row(code - base_, index));
        return true;
    }

    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> shapes{0};

private:
    std::uint32_t base_;
};

/// Where the table begins so that it covers the most calls: they may be in memories far apart.
std::uint32_t choose_base(const std::vector<code_range>& code) {
    std::uint32_t best = 0;
    std::size_t most = 0;
    for (const code_range& first : code) {
        std::size_t calls = 0;
        for (const code_range& range : code)
            if (range.begin >= first.begin && range.end - first.begin <= code_limit)
                calls += range.calls.size();
        if (calls <= most) continue;
        best = first.begin;
        most = calls;
        if (code.back().end - first.begin <= code_limit) break; // no later one covers more
    }
    return best;
}

/// Where RAM ends, as far as the program says: no stack is above.
std::uint32_t stack_limit_of(const base::elf_file& elf) {
    std::uint64_t limit = 0;
    for (const base::elf_symbol& symbol : elf.symbols())
        for (const char* const name :
             {"drone_stack_top",
              "_estack",
              "__StackTop",
              "__stack_top",
              "_stack_top",
              "stack_top",
              "__stack"})
            if (symbol.name == name) limit = std::max(limit, symbol.address);
    // A Cortex-M's vector table begins with the stack pointer at reset.
    const auto loads = elf.loads();
    if (elf.machine() == EM_ARM && loads && !loads->empty()) {
        const auto first = *std::ranges::min_element(*loads, {}, &base::elf_load::address);
        const auto bytes = elf.bytes_of(first);
        if (bytes && bytes->size() >= 4)
            limit = std::max<std::uint64_t>(limit, base::load_le<std::uint32_t>(bytes->data()));
    }
    if (limit == 0) return UINT32_MAX; // the stack may be above all that the program names
    for (const base::elf_symbol& symbol : elf.symbols())
        if (!symbol.is_function && symbol.size != 0 && symbol.name != symbol_name)
            limit = std::max(limit, symbol.address + symbol.size);
    return limit == 0 || limit > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(limit);
}

} // namespace

result<frame_table>
make_frame_table(const std::vector<code_range>& code, std::uint32_t stack_limit) {
    frame_table made;
    if (code.empty()) return fail("has no code");
    const std::uint32_t first = choose_base(code);
    rows_of_code of(first);
    std::uint32_t end = first;
    for (const code_range& range : code) {
        made.calls += range.calls.size();
        if (range.calls.empty()) continue;
        if (range.begin < first || range.end - first > code_limit) {
            made.out_of_span += range.calls.size();
            continue;
        }
        end = range.end;
        bool is_first = true;
        for (const call_site& call : range.calls) {
            if (call.frame.size == 0) ++made.ends_there;
            const std::uint32_t from = is_first ? range.begin : call.return_address - 2;
            is_first = false;
            if (!of.add(from, call.frame))
                return fail(fmt::format("has more than {} shapes of frames", shape_limit));
        }
    }
    if (of.rows.empty()) return fail("has no call");
    made.rows = of.rows.size();
    made.shapes = of.shapes.size();
    made.words = {first, end - first, stack_limit, static_cast<std::uint32_t>(of.rows.size())};
    std::ranges::copy(of.rows, std::back_inserter(made.words));
    std::ranges::copy(of.shapes, std::back_inserter(made.words));
    return made;
}

result<frame_table> make_frame_table(const std::filesystem::path& path) {
    const auto code = read_call_frames(path);
    if (!code) return std::unexpected(code.error());
    const auto elf = base::elf_file::open(path);
    if (!elf) return std::unexpected(elf.error());
    auto made = make_frame_table(*code, stack_limit_of(*elf));
    if (!made) return fail(fmt::format("{}: {}", path.string(), made.error().message));
    return made;
}

result<std::vector<std::uint32_t>> read_frame_table(const std::filesystem::path& path) {
    const auto elf = base::elf_file::open(path);
    if (!elf) return std::unexpected(elf.error());
    std::vector<std::uint32_t> words;
    const auto symbols = elf->symbols();
    const auto symbol = std::ranges::find(symbols, symbol_name, &base::elf_symbol::name);
    const auto bytes =
        symbol == symbols.end() ? std::nullopt : elf->bytes_at(symbol->address, symbol->size);
    if (!bytes) return words;
    for (std::size_t at = 0; at + 4 <= bytes->size(); at += 4)
        words.push_back(base::load_le<std::uint32_t>(bytes->data() + at));
    return words;
}

result<void> check_frame_table(const std::filesystem::path& path) {
    const auto own = make_frame_table(path);
    if (!own) return std::unexpected(own.error());
    const auto carried = read_frame_table(path);
    if (!carried) return std::unexpected(carried.error());
    if (carried->empty())
        return fail(
            fmt::format(
                "{}: carries no frame table; link it again with what `drone print frames` writes of it",
                path.string()
            ),
            error_kind::missing
        );
    if (*carried != own->words)
        return fail(
            fmt::format(
                "{}: the frame table in it is another build's; make it again with `drone print frames` and "
                "link again",
                path.string()
            ),
            error_kind::changed
        );
    return {};
}

std::string assembler_source(const frame_table& table) {
    std::string text = fmt::format(
        "/* Made by `drone print frames`: {} rows, {} shapes, {} bytes. */\n"
        "    .section .rodata.drone_frames, \"a\"\n"
        "    .balign 4\n"
        "    .global {}\n"
        "    .type {}, %object\n"
        "{}:\n",
        table.rows,
        table.shapes,
        table.words.size() * 4,
        symbol_name,
        symbol_name,
        symbol_name
    );
    for (const std::uint32_t word : table.words)
        text += fmt::format("    .word {:#010x}\n", word);
    return text + fmt::format("    .size {}, . - {}\n", symbol_name, symbol_name);
}

} // namespace drone::frames
