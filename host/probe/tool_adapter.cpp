// SPDX-License-Identifier: MIT
#include "probe/tool_adapter.hpp"

#include "base/errno.hpp"
#include "probe/service.hpp"

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

namespace drone::probe {

result<scratch> scratch::make() {
    scratch made;
    if (made.control_.number() == 0 || made.data_.number() == 0)
        return fail("no TCP port of this machine is free for the probe's tool; end programs that "
                    "listen");
    std::string name = (std::filesystem::temp_directory_path() / "drone-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return base::fail_with_errno(name, errno);
    made.at_.folder = name;
    made.at_.control_port = made.control_.number();
    made.at_.data_port = made.data_.number();
    return made;
}

scratch::~scratch() {
    std::error_code ignored;
    if (!at_.folder.empty()) std::filesystem::remove_all(at_.folder, ignored);
}

setup setup_of(config::probe named, const config::project* project) {
    setup s{.probe = std::move(named), .log = {}};
    if (project == nullptr) return s;
    s.log = project->log;
    if (project->memory) s.ram = project->memory->ram;
    return s;
}

result<setup> make_setup(const config::project& p) {
    auto probe = config::require_probe(p);
    if (!probe) return std::unexpected(probe.error());
    return setup_of(*std::move(probe), &p);
}

result<void> tool_adapter::flash(const std::filesystem::path& firmware) {
    auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto planned = plan_flash(setup_, firmware.string(), at->place());
    if (!planned) return std::unexpected(planned.error());
    if (const auto done = run(*planned); !done) return std::unexpected(done.error());
    return {};
}

result<void> tool_adapter::reset() {
    auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto planned = plan_reset(setup_, at->place());
    if (!planned) return std::unexpected(planned.error());
    if (const auto done = run(*planned); !done) return std::unexpected(done.error());
    return {};
}

result<int> tool_adapter::debug(const debug_request& ask) {
    const auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    workplace place = at->place();
    place.gdb_commands = ask.gdb_commands.string();
    const auto planned = plan_debug(setup_, ask.firmware.string(), place);
    if (!planned) return std::unexpected(planned.error());
    return run_session(*planned);
}

result<int> run_session(const debug_session& session) {
    std::unique_ptr<service> server;
    if (!session.server.empty()) {
        auto started = service::start(session.server);
        if (!started) return std::unexpected(started.error());
        server = *std::move(started);
        constexpr std::chrono::seconds patience{20};
        if (auto ready = server->wait_for(session.ready, patience); !ready)
            return std::unexpected(ready.error());
    }
    return run_for_user(session.debugger);
}

} // namespace drone::probe
