// SPDX-License-Identifier: MIT
#include "stream/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>
#include <vector>

namespace drone::stream {

namespace {

std::string_view name(exception_action action) {
    switch (action) {
    case exception_action::enter:
        return "enter";
    case exception_action::exit:
        return "exit";
    case exception_action::resume:
        return "return";
    }
    return "?";
}

std::string_view name(defect what) {
    switch (what) {
    case defect::stray_zeros:
        return "stray zeros";
    case defect::cut_by_sync:
        return "cut by synchronisation";
    case defect::overlong:
        return "overlong";
    case defect::bad_length:
        return "bad length";
    case defect::truncated:
        return "truncated";
    case defect::unframed:
        return "unframed";
    }
    return "?";
}

/// Of a packet of continued bytes, by its header.
std::string_view short_name(std::uint8_t header) {
    if (header == 0x94) return "GTS1";
    if (header == 0xB4) return "GTS2";
    return "LTS1";
}

constexpr std::array<std::string_view, 6> counters{"cpi", "exc", "sleep", "lsu", "fold", "cyc"};

std::vector<std::string_view> counter_names(std::uint8_t bits) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < counters.size(); ++i)
        if ((bits >> i & 1U) != 0) names.push_back(counters[i]);
    return names;
}

std::string value_text(std::uint32_t value, std::uint8_t size) {
    return fmt::format("size={} value={:#0{}x}", size, value, 2 + 2 * size);
}

struct text_of {
    std::string operator()(const synchronisation& p) const {
        return fmt::format("SYNC len={}", p.length);
    }
    std::string operator()(const overflow&) const { return "OVERFLOW"; }
    std::string operator()(const local_timestamp& p) const {
        if (p.one_byte) return fmt::format("LTS2 ts={}", p.ticks);
        return fmt::format("LTS1 tc={} ts={}", static_cast<int>(p.relation), p.ticks);
    }
    std::string operator()(const global_timestamp_low& p) const {
        return fmt::format(
            "GTS1 bytes={} ts={:#x} wrap={:d} clkch={:d}",
            p.size,
            p.ticks,
            p.wrapped,
            p.clock_changed
        );
    }
    std::string operator()(const global_timestamp_high& p) const {
        return fmt::format("GTS2 bytes={} ts_hi={:#x}", p.size, p.ticks);
    }
    std::string operator()(const stimulus_page& p) const {
        return fmt::format("EXT page={}", p.page);
    }
    std::string operator()(const extension& p) const {
        return fmt::format("EXT sh={:d} bytes={} value={:#x}", p.hardware, p.size, p.value);
    }
    std::string operator()(const reserved& p) const {
        return fmt::format("RESERVED hdr={:02x}", p.header);
    }
    std::string operator()(const software& p) const {
        return fmt::format("SW port={} {}", p.port, value_text(p.value, p.size));
    }
    std::string operator()(const event_counters& p) const {
        return fmt::format("HW EVENTS {:#04x} {}", p.bits, fmt::join(counter_names(p.bits), "+"));
    }
    std::string operator()(const exception_trace& p) const {
        return fmt::format("HW EXC num={} fn={}", p.number, name(p.action));
    }
    std::string operator()(const pc_sample& p) const { return fmt::format("HW PC {:#010x}", p.pc); }
    std::string operator()(const pc_sample_idle& p) const {
        return p.prohibited ? "HW PC prohibited" : "HW PC sleep";
    }
    std::string operator()(const pmu_overflow& p) const {
        return fmt::format("HW PMU {:#04x}", p.counters);
    }
    std::string operator()(const data_pc& p) const {
        return fmt::format("HW DTPC cmp={} {}", p.comparator, value_text(p.value, p.size));
    }
    std::string operator()(const data_match& p) const {
        return fmt::format("HW DTMATCH cmp={} {}", p.comparator, value_text(p.value, 1));
    }
    std::string operator()(const data_address& p) const {
        return fmt::format("HW DTADDR cmp={} {}", p.comparator, value_text(p.value, p.size));
    }
    std::string operator()(const data_value& p) const {
        return fmt::format(
            "HW DTVAL cmp={} {} {}",
            p.comparator,
            p.written ? "write" : "read",
            value_text(p.value, p.size)
        );
    }
    std::string operator()(const reserved_source& p) const {
        return fmt::format("HW RESERVED disc={} {}", p.discriminator, value_text(p.value, p.size));
    }
    std::string operator()(const malformed& p) const {
        switch (p.what) {
        case defect::stray_zeros:
            return fmt::format("BAD zeros={}", p.length);
        case defect::cut_by_sync:
            return fmt::format("BROKEN hdr={:02x} (sync inside payload)", p.bytes[0]);
        case defect::overlong:
            return fmt::format("BAD {} overlong", short_name(p.bytes[0]));
        case defect::bad_length:
            return fmt::format("BAD {} length", short_name(p.bytes[0]));
        case defect::truncated:
            return fmt::format("TRUNCATED hdr={:02x}", p.bytes[0]);
        case defect::unframed:
            return fmt::format("BAD unframed={} {:02x}", p.length, fmt::join(p.carried(), " "));
        }
        return {};
    }
    std::string operator()(const unsynchronised& p) const {
        return fmt::format("UNSYNCED {} bytes", p.length);
    }
    std::string operator()(const missing& p) const {
        return fmt::format("MISSING {} bytes", p.length);
    }
};

std::string value_fields(std::uint32_t value, std::uint8_t size) {
    return fmt::format("\"size\":{},\"value\":{}", size, value);
}

/// The kind and the fields, as members of an object.
struct json_of {
    std::string operator()(const synchronisation& p) const {
        return fmt::format(R"("kind":"synchronisation","length":{})", p.length);
    }
    std::string operator()(const overflow&) const { return R"("kind":"overflow")"; }
    std::string operator()(const local_timestamp& p) const {
        return fmt::format(
            R"("kind":"local_timestamp","ticks":{},"relation":{},"one_byte":{})",
            p.ticks,
            static_cast<int>(p.relation),
            p.one_byte
        );
    }
    std::string operator()(const global_timestamp_low& p) const {
        return fmt::format(
            R"("kind":"global_timestamp_low","size":{},"ticks":{},"wrapped":{},"clock_changed":{})",
            p.size,
            p.ticks,
            p.wrapped,
            p.clock_changed
        );
    }
    std::string operator()(const global_timestamp_high& p) const {
        return fmt::format(
            R"("kind":"global_timestamp_high","size":{},"ticks":{})", p.size, p.ticks
        );
    }
    std::string operator()(const stimulus_page& p) const {
        return fmt::format(R"("kind":"stimulus_page","page":{})", p.page);
    }
    std::string operator()(const extension& p) const {
        return fmt::format(
            R"("kind":"extension","hardware":{},{})", p.hardware, value_fields(p.value, p.size)
        );
    }
    std::string operator()(const reserved& p) const {
        return fmt::format(R"("kind":"reserved","header":{})", p.header);
    }
    std::string operator()(const software& p) const {
        return fmt::format(
            R"("kind":"software","port":{},{})", p.port, value_fields(p.value, p.size)
        );
    }
    std::string operator()(const event_counters& p) const {
        std::string names;
        for (const std::string_view counter : counter_names(p.bits))
            names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", counter);
        return fmt::format(R"("kind":"event_counters","bits":{},"wrapped":[{}])", p.bits, names);
    }
    std::string operator()(const exception_trace& p) const {
        return fmt::format(
            R"("kind":"exception","number":{},"name":"{}","action":"{}")",
            p.number,
            exception_name(p.number),
            name(p.action)
        );
    }
    std::string operator()(const pc_sample& p) const {
        return fmt::format(R"("kind":"pc_sample","pc":{})", p.pc);
    }
    std::string operator()(const pc_sample_idle& p) const {
        return fmt::format(R"("kind":"pc_sample_idle","prohibited":{})", p.prohibited);
    }
    std::string operator()(const pmu_overflow& p) const {
        return fmt::format(R"("kind":"pmu_overflow","counters":{})", p.counters);
    }
    std::string operator()(const data_pc& p) const {
        return comparator_json("data_pc", p.comparator, value_fields(p.value, p.size));
    }
    std::string operator()(const data_match& p) const {
        return comparator_json("data_match", p.comparator, value_fields(p.value, 1));
    }
    std::string operator()(const data_address& p) const {
        return comparator_json("data_address", p.comparator, value_fields(p.value, p.size));
    }
    std::string operator()(const data_value& p) const {
        const std::string fields = value_fields(p.value, p.size);
        return comparator_json(
            "data_value", p.comparator, fmt::format("\"written\":{},{}", p.written, fields)
        );
    }
    std::string operator()(const reserved_source& p) const {
        return fmt::format(
            R"("kind":"reserved_source","discriminator":{},{})",
            p.discriminator,
            value_fields(p.value, p.size)
        );
    }
    std::string operator()(const malformed& p) const {
        return fmt::format(
            R"("kind":"malformed","what":"{}","length":{},"bytes":"{:02x}")",
            name(p.what),
            p.length,
            fmt::join(p.carried(), "")
        );
    }
    std::string operator()(const unsynchronised& p) const {
        return fmt::format(R"("kind":"unsynchronised","length":{})", p.length);
    }
    std::string operator()(const missing& p) const {
        return fmt::format(R"("kind":"missing","length":{})", p.length);
    }

    static std::string
    comparator_json(std::string_view kind, std::uint8_t comparator, std::string_view fields) {
        return fmt::format(R"("kind":"{}","comparator":{},{})", kind, comparator, fields);
    }
};

} // namespace

std::string exception_name(std::uint16_t number) {
    constexpr std::array<std::string_view, 16> names{
        "Thread",
        "Reset",
        "NMI",
        "HardFault",
        "MemManage",
        "BusFault",
        "UsageFault",
        "SecureFault",
        "Reserved8",
        "Reserved9",
        "Reserved10",
        "SVCall",
        "DebugMonitor",
        "Reserved13",
        "PendSV",
        "SysTick",
    };
    if (number < names.size()) return std::string(names[number]);
    return fmt::format("IRQ{}", number - names.size());
}

std::string describe(const packet& value) { return std::visit(text_of{}, value); }

std::string describe_json(const located_packet& found) {
    return fmt::format(
        R"({{"offset":{},"time":{},"tentative":{},{}}})",
        found.offset,
        found.time ? fmt::to_string(*found.time) : "null",
        found.tentative,
        std::visit(json_of{}, found.value)
    );
}

} // namespace drone::stream
