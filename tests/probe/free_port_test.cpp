// SPDX-License-Identifier: MIT
#include "probe/free_port.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace drone::probe {
namespace {

/// A server on a port, on every address; none when somebody has the port.
std::optional<base::descriptor> serve(std::uint16_t port) {
    base::descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(port);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), 1) != 0)
        return {};
    return socket;
}

TEST(FreePort, IsNobodyElsesWhileItLivesAndAServerCanHaveIt) {
    std::vector<free_port> all(50);
    std::set<std::uint16_t> numbers;
    for (const free_port& one : all) {
        EXPECT_TRUE(numbers.insert(one.number()).second) << one.number() << " is given twice";
        EXPECT_GE(one.number(), 20000);
        EXPECT_LT(one.number(), 32768) << "the system gives it to clients";
        EXPECT_TRUE(serve(one.number())) << one.number();
    }
}

TEST(FreePort, OfAnotherProgramIsNotGiven) {
    std::uint16_t next = 0;
    {
        const free_port would_be;
        next = would_be.number();
    }
    const auto server = serve(next);
    ASSERT_TRUE(server);
    EXPECT_NE(free_port().number(), next);
}

/// Between the choice and the server's start nobody else of ours gets the port, nor after a move.
TEST(FreePort, KeepsItsClaimWhenItIsMoved) {
    free_port first;
    const free_port moved = std::move(first);
    EXPECT_NE(free_port().number(), moved.number());
}

} // namespace
} // namespace drone::probe
