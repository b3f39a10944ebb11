// SPDX-License-Identifier: MIT
#include "probe/tool_adapter.hpp"

#include "base/descriptor.hpp"
#include "base/errno.hpp"
#include "probe/service.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>

namespace drone::probe {

namespace {

/// A port that nobody has; another program could take it before ours does, which is then reported.
std::uint16_t free_port() {
    const base::descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), generic, size) != 0) return 0;
    if (::getsockname(socket.get(), generic, &size) != 0) return 0;
    return ntohs(address.sin_port);
}

} // namespace

result<scratch> scratch::make() {
    std::string name = (std::filesystem::temp_directory_path() / "drone-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return base::fail_with_errno(name, errno);
    workplace at{.control_port = free_port(), .data_port = free_port(), .folder = name};
    while (at.data_port == at.control_port && at.data_port != 0)
        at.data_port = free_port();
    return scratch(std::move(at));
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

result<void> flash(const setup& s, const std::filesystem::path& firmware) {
    auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto planned = plan_flash(s, firmware.string(), at->place());
    if (!planned) return std::unexpected(planned.error());
    if (const auto done = run(*planned); !done) return std::unexpected(done.error());
    return {};
}

result<void> reset(const setup& s) {
    auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    const auto planned = plan_reset(s, at->place());
    if (!planned) return std::unexpected(planned.error());
    if (const auto done = run(*planned); !done) return std::unexpected(done.error());
    return {};
}

result<int> debug(const setup& s, const std::filesystem::path& firmware) {
    auto at = scratch::make();
    if (!at) return std::unexpected(at.error());
    auto planned = plan_debug(s, firmware.string(), at->place());
    if (!planned) return std::unexpected(planned.error());
    std::unique_ptr<service> server;
    if (!planned->server.empty()) {
        auto started = service::start(planned->server);
        if (!started) return std::unexpected(started.error());
        server = *std::move(started);
        constexpr std::chrono::seconds patience{20};
        if (auto ready = server->wait_for(planned->ready, patience); !ready)
            return std::unexpected(ready.error());
    }
    std::vector<char*> words;
    for (std::string& word : planned->debugger)
        words.push_back(word.data());
    words.push_back(nullptr);
    ::signal(SIGINT, SIG_IGN); // Ctrl-C is the debugger's
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t process = 0;
    const int problem =
        ::posix_spawnp(&process, words[0], nullptr, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    if (problem != 0) return base::fail_with_errno(words[0], problem, "is it installed?");
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

} // namespace drone::probe
