// SPDX-License-Identifier: MIT
#include "stream/decoder.hpp"
#include "stream/dso_decoder.hpp"
#include "stream/itm_decoder.hpp"
#include "stream/tpiu_decoder.hpp"

namespace drone::stream {

std::unique_ptr<decoder> make_decoder(const format& what) {
    switch (what.how) {
    case framing::dso:
        return std::make_unique<dso_decoder>();
    case framing::tpiu:
        return std::make_unique<tpiu_decoder>(what.tpiu_id, what.from);
    case framing::swo:
        break;
    }
    return std::make_unique<itm_decoder>(what.from);
}

} // namespace drone::stream
