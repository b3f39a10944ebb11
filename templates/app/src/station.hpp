#pragma once

// A weather station: takes packets apart, remembers what the sensors said, obeys the operator,
// reports in lines of JSON. It uses the heap as programs do, through containers and strings.
//
// The operator's lines:
//
//     name SENSOR TEXT          calls a sensor by a name
//     depth SENSOR COUNT        remembers so many readings
//     alarm SENSOR LIMIT TEXT   says TEXT when a reading exceeds LIMIT
//     clear SENSOR              forgets the sensor's alarms
//     median SENSOR             reports the median of the readings
//     mean SENSOR, list         report
//     every MS COMMAND...       does something again and again
//     quiet                     until told to stop

#include "packet.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The mean of a packet's samples.
struct reading {
    std::uint32_t time_ms;
    std::int32_t mean;
};

/// One sensor's name and its latest readings.
struct sensor {
    std::string name;
    std::vector<reading> recent; ///< a ring once it is as long as it may get
    std::size_t oldest = 0;
    std::size_t depth = 16;

    void add(const reading& latest);
    void set_depth(std::int32_t count);
    [[nodiscard]] std::int32_t mean() const;
    [[nodiscard]] std::int32_t median() const;
};

struct limit {
    std::uint8_t source;
    std::int32_t value;
    std::string text;
};

class station {
public:
    using printer = void (*)(std::string_view line);

    /// `print` is given reports, `complain` what is wrong: whole lines, each with its line break.
    station(printer print, printer complain) : print_(print), complain_(complain) {}

    /// Takes a packet in.
    void take(const packet& arrived);

private:
    using words = std::vector<std::string>;

    void take_samples(const packet& arrived, std::span<const std::uint8_t> content);
    void obey(const words& command);
    void run_timers(std::uint32_t now_ms);
    void repeat(std::uint32_t period_ms, const words& command);
    void report(std::uint8_t source, std::string_view what, std::int32_t value);
    void report_list();
    void refuse(const words& command);

    printer print_;
    printer complain_;
    std::uint32_t now_ms_ = 0;
    std::map<std::uint8_t, sensor> sensors_;
    std::list<limit> limits_;
    std::multimap<std::uint32_t, std::function<void()>> timers_;
};
