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
#include <utility>

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

// By parent; empty when /proc cannot be read.
using Children = std::multimap<pid_t, pid_t>;

Children AllProcesses() {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  Children children;
  while (proc != nullptr) {
    const dirent* entry = readdir(proc.get());
    if (entry == nullptr) break;
    const pid_t pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0) children.emplace(ParentOf(pid), pid);
  }
  return children;
}

// The processes of `found`, and all below them.
std::vector<pid_t> WithDescendants(std::vector<pid_t> found, const Children& children) {
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  return found;
}

}  // namespace

std::vector<pid_t> Descendants(pid_t root) {
  std::vector<pid_t> found = WithDescendants({root}, AllProcesses());
  found.erase(found.begin());
  return found;
}

OwnTree::OwnTree() {
  const Children children = AllProcesses();
  const auto [first, last] = children.equal_range(getpid());
  for (auto child = first; child != last; ++child) others_.insert(child->second);
}

void OwnTree::Reap() { AnyChildLeft(); }

bool OwnTree::AnyChildLeft() {
  pid_t pid = 0;
  // The number of a process that was reaped may be given to one of ours.
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) others_.erase(pid);
  return pid == 0;
}

bool OwnTree::Ended() {
  if (!AnyChildLeft()) return true;
  if (others_.empty()) return false;
  // The kernel counts the others in. Two looks, because one can miss what forks and ends meanwhile.
  for (int look = 0; look < 2; ++look) {
    const Found found = Find();
    if (!found.own.empty() || !found.all_others) return false;
  }
  return true;
}

OwnTree::Found OwnTree::Find() const {
  const Children children = AllProcesses();
  const auto [first, last] = children.equal_range(getpid());
  std::vector<pid_t> own;
  size_t others = 0;
  for (auto child = first; child != last; ++child) {
    if (others_.contains(child->second)) {
      ++others;
    } else {
      own.push_back(child->second);
    }
  }
  return {WithDescendants(std::move(own), children), others == others_.size()};
}

bool OwnTree::Signal(int signal) const {
  const Found found = Find();
  for (const pid_t pid : found.own) kill(pid, signal);
  return !found.own.empty();
}

bool OwnTree::Kill() {
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    // Mostly nothing is left: asked first, because a look at /proc is one at every process of the
    // machine, while a place waits to be given up.
    if (Ended()) return true;
    Signal(SIGKILL);
    poll(nullptr, 0, 5);
  }
  return false;
}

}  // namespace bellwether::cli
