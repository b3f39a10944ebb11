// SPDX-License-Identifier: MIT
#include "capture/port_bytes.hpp"

#include "base/bytes.hpp"

namespace drone::capture {

void port_bytes::on_packet(const stream::located_packet& found) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr || !ports_.test(written->port)) return;
    const auto bytes = base::store_le(written->value);
    to_.append({bytes.data(), written->size});
}

void port_bytes::on_run(const stream::software_run& run) {
    if (ports_.test(run.port)) to_.append_run(run);
}

} // namespace drone::capture
