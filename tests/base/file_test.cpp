// SPDX-License-Identifier: MIT

#include "base/descriptor.hpp"
#include "base/errno.hpp"
#include "base/file.hpp"
#include "scratch.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drone::base {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) { return read_file(path).value_or("unreadable"); }

std::ptrdiff_t files_in(const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

/// The kind of error that `act` gives in a process of its own; nothing when it gives none.
std::optional<error_kind> kind_in_child(const std::function<result<void>()>& act) {
    constexpr int none = 100;
    const pid_t child = ::fork();
    if (child == 0) {
        const auto done = act();
        ::_exit(done ? none : static_cast<int>(done.error().kind));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == none) return std::nullopt;
    return static_cast<error_kind>(WEXITSTATUS(status));
}

TEST(Errno, HasWordsAndAKind) {
    EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
    const auto failed = fail_with_errno("here", EACCES, "ask");
    EXPECT_EQ(failed.error(), (error{"here: Permission denied; ask", error_kind::denied}));
    EXPECT_EQ(errno_kind(ENOENT), error_kind::missing);
    EXPECT_EQ(errno_kind(ENOSPC), error_kind::full);
    EXPECT_EQ(errno_kind(EIO), error_kind::system);
}

TEST(ReadFile, GivesAllOfIt) {
    const scratch here;
    const std::string text(100'000, 'x');
    EXPECT_EQ(read_file(here.file("a", text)), text);
    EXPECT_EQ(read_file(here.file("empty", "")), "");
}

TEST(ReadFile, ReportsWhatCannotBeRead) {
    const scratch here;
    EXPECT_EQ(read_file(here.path("nowhere")).error().kind, error_kind::missing);
    EXPECT_EQ(read_file(here.path()).error().message, here.path().string() + ": Is a directory");
}

TEST(ReadFile, EndsWhereTheFileDoesNot) {
    EXPECT_EQ(read_file("/dev/zero", 1000).error().message, "/dev/zero: has more than 1000 bytes");
}

TEST(ReplaceFile, ReplacesAndKeepsTheMode) {
    const scratch here;
    const fs::path file = here.file("a", "old");
    ::chmod(file.c_str(), 0640);
    ASSERT_TRUE(replace_file(file, "new", "old"));
    EXPECT_EQ(content(file), "new");
    struct stat status{};
    ::stat(file.c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    EXPECT_EQ(files_in(here.path()), 1);
}

TEST(ReplaceFile, CreatesWhatIsNotThere) {
    const scratch here;
    ASSERT_TRUE(replace_file(here.path("a"), "new"));
    EXPECT_EQ(content(here.path("a")), "new");
}

TEST(ReplaceFile, TakesARelativeNameOfAFileThatIsNotThere) {
    const scratch here;
    const fs::path before = fs::current_path();
    fs::current_path(here.path());
    const auto done = replace_file("a", "new");
    fs::current_path(before);
    EXPECT_TRUE(done);
    EXPECT_EQ(content(here.path("a")), "new");
}

TEST(ReplaceFile, KeepsTheOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    const scratch here;
    const fs::path file = here.file("a", "old");
    ASSERT_EQ(::chown(file.c_str(), 1234, 2345), 0);
    ASSERT_TRUE(replace_file(file, "new"));
    struct stat status{};
    ::stat(file.c_str(), &status);
    EXPECT_EQ(status.st_uid, 1234U);
    EXPECT_EQ(status.st_gid, 2345U);
}

TEST(ReplaceFile, ALinkStaysALink) {
    const scratch here;
    fs::create_directory(here.path("elsewhere"));
    const fs::path file = here.file("elsewhere/a", "old");
    fs::create_symlink(file, here.path("link"));
    ASSERT_TRUE(replace_file(here.path("link"), "new", "old"));
    EXPECT_TRUE(fs::is_symlink(here.path("link")));
    EXPECT_EQ(content(file), "new");
    EXPECT_EQ(files_in(here.path("elsewhere")), 1);
}

TEST(ReplaceFile, ALinkToAFileThatIsNotThereStaysALink) {
    const scratch here;
    fs::create_directory(here.path("elsewhere"));
    fs::create_symlink("elsewhere/a", here.path("link"));
    fs::create_symlink("link", here.path("link to it"));
    ASSERT_TRUE(replace_file(here.path("link to it"), "new"));
    EXPECT_TRUE(fs::is_symlink(here.path("link")));
    EXPECT_TRUE(fs::is_symlink(here.path("link to it")));
    EXPECT_EQ(content(here.path("elsewhere/a")), "new");
}

TEST(ReplaceFile, FollowsNoLinkThatWaitsBesideIt) {
    const scratch here;
    const fs::path file = here.file("a", "old");
    const fs::path precious = here.file("precious", "mine");
    fs::create_symlink(precious, here.path("a.new"));
    ASSERT_TRUE(replace_file(file, "new"));
    EXPECT_EQ(content(precious), "mine");
}

/// As root, `-o /dev/null` once replaced the device by a file.
TEST(ReplaceFile, ADeviceIsWrittenAndNotReplaced) {
    const scratch here;
    const fs::path pipe = here.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const descriptor reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(reader);
    ASSERT_TRUE(replace_file(pipe, "new"));
    std::array<char, 8> got{};
    ASSERT_EQ(::read(reader.get(), got.data(), got.size()), 3);
    EXPECT_EQ(std::string_view(got.data(), 3), "new");
    EXPECT_TRUE(fs::is_fifo(pipe));
    EXPECT_FALSE(replace_file(pipe, "newer", "new"));
    EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(ReplaceFile, AFolderIsRefusedAndStays) {
    const scratch here;
    EXPECT_FALSE(replace_file(here.path(), "new"));
    EXPECT_TRUE(fs::is_directory(here.path()));
}

TEST(ReplaceFile, ALostRaceIsReported) {
    const scratch here;
    const fs::path file = here.file("a", "theirs");
    EXPECT_EQ(replace_file(file, "new", "old").error().kind, error_kind::changed);
    EXPECT_EQ(replace_file(file, "new", "theirs and more").error().kind, error_kind::changed);
    EXPECT_EQ(replace_file(file, "new", "their").error().kind, error_kind::changed);
    EXPECT_EQ(content(file), "theirs");
    EXPECT_EQ(files_in(here.path()), 1);
}

TEST(ReplaceFile, NoChangeIsLostAmongManyWriters) {
    const scratch here;
    const fs::path file = here.file("a", "");
    constexpr std::size_t writers = 4;
    constexpr std::size_t changes = 25;
    std::vector<std::jthread> threads;
    threads.reserve(writers);
    for (std::size_t i = 0; i < writers; ++i)
        threads.emplace_back([&file] {
            for (std::size_t done = 0; done < changes;) {
                const std::string before = content(file);
                if (replace_file(file, before + "x", before)) ++done;
            }
        });
    threads.clear();
    EXPECT_EQ(content(file), std::string(writers * changes, 'x'));
    EXPECT_EQ(files_in(here.path()), 1);
}

TEST(ReplaceFile, AFullDiskLeavesTheFileAsItWas) {
    const scratch here;
    const fs::path file = here.file("a", "old");
    const auto kind = kind_in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit little{.rlim_cur = 1000, .rlim_max = 1000};
        ::setrlimit(RLIMIT_FSIZE, &little);
        return replace_file(file, std::string(10'000, 'x'));
    });
    EXPECT_EQ(kind, error_kind::full);
    EXPECT_EQ(content(file), "old");
    EXPECT_EQ(files_in(here.path()), 1);
}

TEST(ReplaceFile, AMissingRightIsReported) {
    const scratch here;
    const fs::path file = here.file("a", "old");
    ::chmod(file.c_str(), 0444);
    ::chmod(here.path().c_str(), 0777);
    const auto replaced = [&]() -> result<void> {
        if (::geteuid() == 0 && ::setuid(65534) != 0) return {};
        return replace_file(file, "new");
    };
    EXPECT_EQ(kind_in_child(replaced), error_kind::denied);
    ::chmod(file.c_str(), 0666);
    ::chmod(here.path().c_str(), 0555);
    EXPECT_EQ(kind_in_child(replaced), error_kind::denied);
    ::chmod(here.path().c_str(), 0755);
    EXPECT_EQ(content(file), "old");
}

} // namespace
} // namespace drone::base
