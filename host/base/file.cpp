// SPDX-License-Identifier: MIT
#include "base/file.hpp"

#include "base/descriptor.hpp"
#include "base/errno.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace drone::base {

namespace {

namespace fs = std::filesystem;

/// 0, or the errno of the failure.
int write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(file, text.data(), text.size());
        if (size < 0 && errno != EINTR) return errno;
        if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
    }
    return 0;
}

/// The path behind all symbolic links, also of a file that is not there yet.
result<fs::path> resolved(const fs::path& path) {
    constexpr int most_links = 40; // as the kernel has it
    std::error_code problem;
    fs::path found = fs::absolute(path, problem);
    for (int links = 0; !problem; ++links) {
        found = fs::weakly_canonical(found, problem);
        // A link to nothing is left as it is.
        if (problem || !fs::is_symlink(found)) break;
        if (links == most_links) return fail_with_errno(path.string(), ELOOP);
        found = found.parent_path() / fs::read_symlink(found, problem);
    }
    if (problem) return fail_with_errno(path.string(), problem.value());
    return found;
}

/// A new file beside another, with a name of its own. It is gone with this object unless renamed.
class file_beside {
public:
    explicit file_beside(const fs::path& target)
        : name_((target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string()))
                    .string()),
          file_(::mkostemp(name_.data(), O_CLOEXEC)) {}
    file_beside(const file_beside&) = delete;
    file_beside& operator=(const file_beside&) = delete;
    ~file_beside() {
        if (file_ && !renamed_) ::unlink(name_.c_str());
    }

    [[nodiscard]] int get() const { return file_.get(); }

    /// 0, or the errno of the failure.
    int rename(const fs::path& target) {
        if (::rename(name_.c_str(), target.c_str()) != 0) return errno;
        renamed_ = true;
        return 0;
    }

private:
    std::string name_;
    descriptor file_;
    bool renamed_ = false;
};

mode_t default_mode() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

/// Gives the new file the owner, group and mode of the one that it replaces. 0 or an errno.
int take_after(int file, const struct stat* replaced) {
    if (replaced == nullptr) return ::fchmod(file, default_mode()) == 0 ? 0 : errno;
    struct stat made{};
    if (::fstat(file, &made) != 0) return errno;
    const bool same = made.st_uid == replaced->st_uid && made.st_gid == replaced->st_gid;
    if (!same && ::fchown(file, replaced->st_uid, replaced->st_gid) != 0) return errno;
    return ::fchmod(file, replaced->st_mode & 07777) == 0 ? 0 : errno;
}

/// What is not a regular file (a device, a pipe) is written, never replaced: a rename would remove it.
/// 0 or an errno.
int write_in_place(const fs::path& target, std::string_view text) {
    const descriptor file(::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    return file ? write_all(file.get(), text) : errno;
}

} // namespace

result<std::string> read_file(const fs::path& path, std::size_t limit) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return fail_with_errno(path.string(), errno);
    std::string text;
    std::array<char, 1U << 14U> chunk{};
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_with_errno(path.string(), errno);
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (text.size() > limit)
            return fail(fmt::format("{}: has more than {} bytes", path.string(), limit));
    }
}

result<void> replace_file(
    const fs::path& path, std::string_view text, std::optional<std::string_view> expected
) {
    const auto target = resolved(path);
    if (!target) return std::unexpected(target.error());
    const auto refuse = [&path](int number) { return fail_with_errno(path.string(), number); };

    struct stat replaced{};
    const bool exists = ::stat(target->c_str(), &replaced) == 0;
    // A rename needs no right to write the file itself; whoever took that right away meant it.
    if (exists && ::faccessat(AT_FDCWD, target->c_str(), W_OK, AT_EACCESS) != 0)
        return refuse(errno);
    if (exists && !S_ISREG(replaced.st_mode)) {
        // Nothing can be compared with what a device holds, and nobody asks for it.
        const int problem = expected ? EINVAL : write_in_place(*target, text);
        return problem == 0 ? result<void>{} : refuse(problem);
    }
    file_beside made(*target);
    if (made.get() < 0) return refuse(errno);
    if (const int problem = write_all(made.get(), text); problem != 0) return refuse(problem);
    if (const int problem = take_after(made.get(), exists ? &replaced : nullptr); problem != 0)
        return refuse(problem);
    if (::fsync(made.get()) != 0) return refuse(errno);

    // Who else replaces files here waits from the comparison to the rename.
    const descriptor folder(
        ::open(target->parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    );
    if (!folder) return refuse(errno);
    ::flock(folder.get(), LOCK_EX);
    if (expected) {
        const auto now = read_file(*target, expected->size());
        if (!now || *now != *expected)
            return fail(
                fmt::format("{}: was changed by somebody else meanwhile", path.string()),
                error_kind::changed
            );
    }
    if (const int problem = made.rename(*target); problem != 0) return refuse(problem);
    ::fsync(folder.get());
    return {};
}

} // namespace drone::base
