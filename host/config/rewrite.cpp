// SPDX-License-Identifier: MIT
#include "config/rewrite.hpp"

#include "config/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace drone::config {

namespace {

/// Text to put in place of [begin, end).
struct edit {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
};

/// Byte offset of a position of toml++, which counts lines and characters from 1. Before a value
/// on its line there is nothing but ASCII in a Drone.toml, so characters are bytes.
std::size_t offset_of(std::string_view text, toml::source_position position) {
    std::size_t at = 0;
    for (toml::source_index line = 1; line < position.line; ++line)
        at = text.find('\n', at) + 1;
    return at + position.column - 1;
}

std::string_view newline_of(std::string_view text) {
    const std::size_t at = text.find('\n');
    return at != std::string_view::npos && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

std::string with_newlines(std::string text, std::string_view newline) {
    if (newline == "\n") return text;
    std::string made;
    for (const char letter : text)
        letter == '\n' ? made.append(newline) : made.append(1, letter);
    return made;
}

const toml::table* find_section(const toml::table& root, std::string_view heap) {
    const toml::table* const heaps = root["heap"].as_table();
    if (heaps == nullptr) return nullptr;
    if (const toml::table* const named = (*heaps)[heap].as_table(); named != nullptr) return named;
    return heap == main_heap && heaps->contains("size") ? heaps : nullptr;
}

/// Whether the line is one that rewrite_heap() wrote, or that was pasted with a layout.
bool is_remark(std::string_view line) {
    return line.starts_with("# Fragmentation: ") ||
           (line.starts_with("# ") && line.contains(" known to be lost: "));
}

/// The edits of one section.
class section_editor {
public:
    section_editor(std::string_view text, const toml::table& section)
        : text_(text), section_(section) {}

    [[nodiscard]] bool has(std::string_view key) const { return section_.contains(key); }
    [[nodiscard]] bool is_inline() const { return section_.is_inline(); }

    void replace(std::string_view key, std::string value) {
        const toml::source_region& where = section_.get(key)->source();
        edits_.push_back(
            {offset_of(text_, where.begin), offset_of(text_, where.end), std::move(value)}
        );
    }

    /// Puts a line after the line on which the value of `key` ends.
    void add_line_after(std::string_view key, const std::string& line) {
        std::size_t at = text_.find('\n', offset_of(text_, section_.get(key)->source().end));
        if (at == std::string_view::npos) {
            at = text_.size();
            edits_.push_back({at, at, "\n" + line});
        } else {
            edits_.push_back({at + 1, at + 1, line + "\n"});
        }
    }

    /// Puts lines after the one on which the value of `key` ends, in place of such remarks of an
    /// older layout.
    void set_remarks(std::string_view key, std::string lines) {
        if (lines.empty()) return;
        std::size_t at = text_.find('\n', offset_of(text_, section_.get(key)->source().end));
        if (at == std::string_view::npos) {
            lines.pop_back(); // the file does not end its last line either
            edits_.push_back({text_.size(), text_.size(), "\n" + lines});
            return;
        }
        std::size_t end = ++at;
        while (is_remark(text_.substr(end, text_.find('\n', end) - end)))
            end = std::min(text_.find('\n', end), text_.size() - 1) + 1;
        edits_.push_back({at, end, std::move(lines)});
    }

    [[nodiscard]] std::string apply() {
        std::ranges::stable_sort(edits_, {}, &edit::begin);
        std::string made;
        std::size_t at = 0;
        for (const edit& change : edits_) {
            made += text_.substr(at, change.begin - at);
            made += with_newlines(change.text, newline_of(text_));
            at = change.end;
        }
        return made += text_.substr(at);
    }

private:
    std::string_view text_;
    const toml::table& section_;
    std::vector<edit> edits_;
};

std::string
with_new_section(std::string_view text, const heap& written, const std::string& remarks) {
    const std::string_view newline = newline_of(text);
    std::string made(text);
    if (!made.empty() && !made.ends_with('\n')) made += newline;
    if (!made.empty()) made += newline;
    return made + with_newlines(format_heap(written) + remarks, newline);
}

/// Whether the rewritten text says what it was to say.
result<std::string>
checked(std::string text, const std::filesystem::path& file, const heap& written) {
    const auto again = parse(text, file);
    if (!again) return std::unexpected(again.error());
    const heap* const found = again->find_heap(written.name);
    if (found != nullptr && found->unusable) return std::unexpected(*found->unusable);
    if (found == nullptr || found->size != written.size || found->pools != written.pools ||
        found->alignment != written.alignment || found->overflow != written.overflow)
        return fail(
            fmt::format("{}: [heap] could not be rewritten; paste the layout", file.string())
        );
    return text;
}

} // namespace

std::string format_pools(std::span<const pool_spec> pools) {
    if (pools.empty()) return "[]";
    std::string text = "[\n";
    for (const pool_spec& pool : pools)
        text +=
            fmt::format("    {{ block = \"{}\", capacity = {} }},\n", pool.block, pool.capacity);
    return text + "]";
}

std::string format_heap(const heap& written) {
    std::string text =
        written.name == main_heap ? "[heap]\n" : fmt::format("[heap.{}]\n", written.name);
    text += fmt::format("size = \"{}\"\n", format_size(written.size));
    if (written.overflow) text += "overflow = true\n";
    if (written.alignment != default_alignment)
        text += fmt::format("align = {}\n", written.alignment);
    if (written.origin) text += fmt::format("origin = \"{:#x}\"\n", *written.origin);
    text += fmt::format("pools = {}\n", format_pools(written.pools));
    if (written.permanent.empty()) return text;
    std::string names;
    for (const std::string& name : written.permanent) // functions and sizes, which have no quotes
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
    return text + fmt::format("permanent = [{}]\n", names);
}

result<std::string> rewrite_heap(
    std::string_view text,
    const std::filesystem::path& file,
    const heap& written,
    const std::string& remarks
) {
    const auto before = parse(text, file);
    if (!before) return std::unexpected(before.error());
    const toml::parse_result parsed = toml::parse(text);
    const toml::table* const section = find_section(parsed.table(), written.name);
    if (section == nullptr) return checked(with_new_section(text, written, remarks), file, written);

    section_editor editor(text, *section);
    const heap* const old = before->find_heap(written.name);
    const bool new_alignment = old == nullptr || old->alignment != written.alignment;
    const bool new_overflow = (old != nullptr && old->overflow) != written.overflow;
    if (editor.is_inline() && (!editor.has("pools") || (new_alignment && !editor.has("align")) ||
                               (new_overflow && !editor.has("overflow"))))
        return fail(fmt::format(
            "{}:{}: the heap is written inline; make it a section of its own, [heap]",
            file.string(),
            section->source().begin.line
        ));
    if (old == nullptr || old->size != written.size)
        editor.replace("size", fmt::format("\"{}\"", format_size(written.size)));
    const std::string overflow = written.overflow ? "true" : "false";
    if (new_overflow && editor.has("overflow"))
        editor.replace("overflow", overflow);
    else if (new_overflow)
        editor.add_line_after("size", "overflow = " + overflow);
    if (new_alignment && editor.has("align"))
        editor.replace("align", fmt::format("{}", written.alignment));
    else if (new_alignment)
        editor.add_line_after("size", fmt::format("align = {}", written.alignment));
    const std::string pools = format_pools(written.pools);
    if (editor.has("pools")) {
        editor.replace("pools", pools);
        if (!editor.is_inline()) editor.set_remarks("pools", remarks);
    } else {
        editor.add_line_after("size", "pools = " + pools);
        editor.set_remarks("size", remarks);
    }
    return checked(editor.apply(), file, written);
}

} // namespace drone::config
