// SPDX-License-Identifier: MIT
#include "stream/decoder.hpp"
#include "stream/itm_decoder.hpp"

namespace drone::stream {

std::unique_ptr<decoder> make_decoder(const format& what) {
    switch (what.how) {
    case framing::swo:
    case framing::tpiu:
    case framing::dso:
        break;
    }
    return std::make_unique<itm_decoder>(what.from);
}

} // namespace drone::stream
