// SPDX-License-Identifier: MIT
#include "capture/port_bytes.hpp"

namespace drone::capture {

void port_bytes::on_packet(const stream::located_packet& found) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr || !ports_.test(written->port)) return;
    to_.append_number(written->value, written->size);
}

void port_bytes::on_run(const stream::software_run& run) {
    if (ports_.test(run.port)) to_.append_run(run);
}

void port_bytes::on_writes(const stream::write_batch& batch) {
    for (const stream::write_batch::write& one : batch.writes)
        if (ports_.test(one.port)) to_.append_number(one.value, one.size);
}

} // namespace drone::capture
