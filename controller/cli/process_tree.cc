#include "cli/process_tree.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>

namespace bellwether::cli {
namespace {

// 0 when the process is gone or a zombie.
pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // "pid (name) state ppid …": the name may contain anything, so look behind its last ')'.
  const size_t close = line.rfind(')');
  if (close == std::string::npos) return 0;
  char state = 0;
  int parent = 0;
  int threads = 0;
  const int fields =
      std::sscanf(line.c_str() + close + 1,
                  " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &state,
                  &parent, &threads);
  // A process whose first thread has ended shows as a zombie while its others run on.
  if (fields != 3 || (state == 'Z' && threads <= 1)) return 0;
  return parent;
}

}  // namespace

std::vector<pid_t> Descendants(pid_t root) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  std::multimap<pid_t, pid_t> children;
  while (proc != nullptr) {
    const dirent* entry = readdir(proc.get());
    if (entry == nullptr) break;
    const pid_t pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0) children.emplace(ParentOf(pid), pid);
  }
  std::vector<pid_t> found = {root};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

bool SignalDescendants(int signal) {
  const std::vector<pid_t> all = Descendants(getpid());
  for (const pid_t pid : all) kill(pid, signal);
  return !all.empty();
}

bool KillDescendants() {
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const bool any = SignalDescendants(SIGKILL);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (!any) return true;
    poll(nullptr, 0, 5);
  }
  return false;
}

}  // namespace bellwether::cli
