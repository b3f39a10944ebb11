// SPDX-License-Identifier: MIT
#include "capture/output.hpp"

#include "base/errno.hpp"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace drone::capture {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} * 1024;
/// How long a reader is waited for after the user asked to stop.
constexpr auto patience_after_stop = std::chrono::seconds(2);

template <std::size_t Size>
void copy_payloads(const std::uint8_t* from, std::uint8_t* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(to + Size * i, from + (Size + 1) * i, Size);
}

} // namespace

output::output(const std::string& path, int stop)
    : path_(path), name_(path.empty() ? "standard output" : path), stop_(stop),
      pending_(buffer_bytes) {
    reopen();
}

// Descriptors are opened non-blocking, so that a reader that does not read never keeps us from
// seeing that the user asked to stop. Standard output is shared with others, who may not expect
// that, so a pipe or a terminal there is opened once more. Where that is refused (it belongs to
// another user, /proc is not there) no more is written at once than what poll() promises room for.
void output::reopen() {
    constexpr int how = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (path_.empty()) {
        struct stat status{};
        const bool known = ::fstat(STDOUT_FILENO, &status) == 0;
        // What is not for writing was closed when we began (base/standard_streams.hpp).
        const bool writes = (::fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_RDONLY;
        if (known && writes && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
            file_ = base::descriptor(::open("/proc/self/fd/1", how));
        return take(file_ ? file_.get() : STDOUT_FILENO);
    }
    file_ = base::descriptor(::open(path_.c_str(), how | O_CREAT, 0666));
    if (file_) return take(file_.get());
    const int problem = errno;
    struct stat status{};
    lacks_reader_ =
        problem == ENXIO && ::stat(path_.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    if (!lacks_reader_) fail_with(problem);
}

void output::take(int descriptor) {
    fd_ = descriptor;
    lacks_reader_ = false;
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return;
    is_socket_ = S_ISSOCK(status.st_mode);
    may_block_ = (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) &&
                 (::fcntl(fd_, F_GETFL) & O_NONBLOCK) == 0;
    is_file_ = S_ISREG(status.st_mode) && !path_.empty();
    if (is_file_) kept_size_ = static_cast<std::uint64_t>(status.st_size);
}

void output::begin() {
    if (is_file_ && kept_size_ != 0 && ::ftruncate(fd_, 0) != 0) return fail_with(errno);
    removed_ += std::exchange(kept_size_, 0);
}

void output::append(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty() && !failed_) {
        make_room(1);
        const std::size_t size = std::min(bytes.size(), pending_.size() - used_);
        std::memcpy(pending_.data() + used_, bytes.data(), size);
        used_ += size;
        bytes = bytes.subspan(size);
    }
}

void output::append(std::string_view text) {
    append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void output::append_run(const stream::software_run& run) {
    std::size_t index = 0;
    const std::size_t count = run.count();
    while (index < count && !failed_) {
        make_room(run.size);
        const std::size_t packets = std::min(count - index, (pending_.size() - used_) / run.size);
        const std::uint8_t* const from = run.payload(index);
        std::uint8_t* const to = pending_.data() + used_;
        if (run.size == 4)
            copy_payloads<4>(from, to, packets);
        else if (run.size == 1)
            copy_payloads<1>(from, to, packets);
        else
            copy_payloads<2>(from, to, packets);
        used_ += packets * run.size;
        index += packets;
    }
}

/// Writes so that at least `bytes` fit. The buffer is a whole number of words: as long as only
/// words are appended, every write ends between two of them.
void output::make_room(std::size_t bytes) {
    if (pending_.size() - used_ < bytes) flush();
}

void output::flush() {
    std::span<const std::uint8_t> rest(pending_.data(), used_);
    if (!rest.empty()) begin();
    const auto wait = [&] {
        if (wait_for_room()) return true;
        fail_with("its reader does not read; the rest is lost");
        return false;
    };
    while (!rest.empty() && !failed_) {
        if (may_block_ && !wait()) break;
        const std::size_t most =
            may_block_ ? std::min<std::size_t>(rest.size(), PIPE_BUF) : rest.size();
        const ssize_t size = is_socket_
                                 ? ::send(fd_, rest.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : ::write(fd_, rest.data(), most);
        if (size >= 0)
            rest = rest.subspan(static_cast<std::size_t>(size));
        else if (errno == EAGAIN)
            wait();
        else if (errno != EINTR)
            fail_with(errno);
    }
    flushed_ += std::exchange(used_, 0);
}

/// Returns false when the user asked to stop and whoever reads us had his time.
bool output::wait_for_room() {
    using clock = std::chrono::steady_clock;
    std::array<pollfd, 2> waiting{
        pollfd{.fd = fd_, .events = POLLOUT, .revents = 0},
        pollfd{.fd = last_moment_ ? -1 : stop_, .events = POLLIN, .revents = 0},
    };
    for (;;) {
        const auto left =
            last_moment_
                ? std::chrono::ceil<std::chrono::milliseconds>(*last_moment_ - clock::now())
                : std::chrono::milliseconds(0);
        if (last_moment_ && left.count() <= 0) return false;
        const int patience = last_moment_ ? static_cast<int>(left.count()) : -1;
        if (::poll(waiting.data(), waiting.size(), patience) <= 0) continue;
        if (waiting[0].revents != 0) return true;
        last_moment_ = clock::now() + patience_after_stop;
        waiting[1].fd = -1;
    }
}

std::optional<error> output::take_failure() { return std::exchange(failure_, std::nullopt); }

void output::fail_with(int error_number) {
    const char* advice = "check the path";
    if (error_number == ENOSPC || error_number == EDQUOT) advice = "make room on the disk";
    if (error_number == EPIPE) advice = "its reader ended";
    fail_with(fmt::format("{}; {}", base::errno_text(error_number), advice));
}

void output::fail_with(const std::string& what) {
    failed_ = true;
    failure_ = error{fmt::format("{}: {}", name_, what)};
}

} // namespace drone::capture
