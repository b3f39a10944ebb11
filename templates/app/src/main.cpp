// A weather station on a sensor link whose interrupt preempts it at any moment, the heap included.

#include "heap.hpp"
#include "sensor_link.hpp"
#include "station.hpp"

#include <drone/log.hpp>

#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>
#include <cstdint>
#include <string_view>

namespace {

template <unsigned Port>
void print(std::string_view text) {
    drone::log_port<heap_options::carrier, Port>::write(text.data(), text.size());
}
constexpr auto print_output = print<drone::standard_output_port>;
constexpr auto print_error = print<drone::standard_error_port>;

constexpr std::uint32_t packets = 1'500;
constexpr std::uint32_t tick_cycles = 4'999; // prime, so that it strikes everywhere

constinit sensor_link sensors{packets};

void wait_for_interrupt() { asm volatile("wfi" ::: "memory"); }

void run_station() {
    station weather{print_output, print_error};
    while (!sensors.full())
        wait_for_interrupt();
    while (!sensors.silent()) {
        if (const packet* const arrived = sensors.receive()) {
            weather.take(*arrived);
            sensors.give_back();
        } else {
            wait_for_interrupt();
        }
    }
}

} // namespace

void systick_handler() { sensors.tick(); }

int main() {
    drone::cortex_m::systick::start(tick_cycles);
    run_station();
    drone::cortex_m::systick::stop();
    heap.numbers().print(print_output);
    drone::end_trace(heap); // what the trace says is certain to the last event
    return 0;
}
