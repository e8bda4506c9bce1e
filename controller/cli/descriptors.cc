#include "cli/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

namespace bellwether::cli {
namespace {

// How many are closed when none can be listed. Ours are all close-on-exec; this is for those that
// `run` was started with.
constexpr size_t kGuessed = 65536;

}  // namespace

void OpenMissingStandardDescriptors() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

void InheritStandardDescriptors() {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) continue;
    if (flags >= 0) close(fd);
    (void)!open("/dev/null", O_RDWR);  // the lowest that is free, which is this one
  }
}

void ReadNothingFromATerminal() {
  if (isatty(STDIN_FILENO) == 0) return;
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
}

void CloseAllButStandard() {
  if (close_range(3, ~0U, 0) == 0) return;
  // A kernel before 5.9, or a filter of system calls. The limit is no help: it may be a billion.
  std::vector<int> open;
  if (DIR* const listed = opendir("/proc/self/fd"); listed != nullptr) {
    while (const dirent* const entry = readdir(listed)) open.push_back(std::atoi(entry->d_name));
    closedir(listed);
  } else {
    open.resize(kGuessed);
    std::iota(open.begin(), open.end(), 0);
  }
  for (const int fd : open) {
    if (fd > STDERR_FILENO) close(fd);
  }
}

Status CheckDescriptorLimit() {
  constexpr rlim_t kNeeded = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kNeeded) return Ok();
  return Error{.code = Code::kInternal,
               .message = "only " + std::to_string(limit.rlim_cur) +
                          " open files are allowed here, and it needs " + std::to_string(kNeeded) +
                          "; raise the limit (ulimit -n)"};
}

}  // namespace bellwether::cli
