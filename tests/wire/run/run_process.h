// One `bellwether run` as a process, for tests that look at it from outside.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "support/etcd_server.h"
#include "support/shell.h"

namespace bellwether::cli {

// Exists and is no zombie.
bool Alive(pid_t pid);
// 0 when there is no such process.
pid_t ParentOf(pid_t pid);

struct RunSetup {
  std::vector<std::string> flags;    // in place of the harness's own, or besides
  std::vector<std::string> wrapper;  // words before the binary: sh -c …, unshare, nohup
  std::vector<std::string> command;  // empty = /bin/sh -c SCRIPT
  bool sidecar = false;              // without a command
  int terminal = -1;                 // becomes its controlling terminal and standard input
};

// Files that CMD writes go to a folder of its own, which is its working folder.
class RunProcess {
 public:
  RunProcess(const test::EtcdServer& etcd, const std::string& name, std::vector<std::string> flags,
             const std::string& script, std::vector<std::string> wrapper = {})
      : RunProcess(etcd, name, script, {.flags = std::move(flags), .wrapper = std::move(wrapper)}) {
  }
  RunProcess(const test::EtcdServer& etcd, const std::string& name, const std::string& script,
             const RunSetup& setup);
  ~RunProcess();
  RunProcess(const RunProcess&) = delete;
  RunProcess& operator=(const RunProcess&) = delete;

  pid_t pid() const { return pid_; }
  // The script writes its pid: echo $$ > pid.
  pid_t command() const;
  // Also while it waits; 0 = there is none at the moment.
  pid_t guardian() const;
  std::string log() const { return file("log"); }
  std::string file(const std::string& name) const { return test::Contents(path(name)); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  bool Logged(const std::string& text) const { return log().find(text) != std::string::npos; }
  bool Leads() const;

  // Its exit code, 128 + N for a signal; nullopt when it never ended.
  std::optional<int> Wait();

 private:
  std::string folder_;
  pid_t pid_ = 0;
};

inline constexpr const char* kSleep = "echo $$ > pid; exec sleep 1000";
// Its grandchildren leave its process group and session, and ignore SIGTERM.
inline constexpr const char* kStubborn =
    "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 1; "
    "done') & "
    "echo $$ > pid; while :; do sleep 1; done";

// The keys of the harness's election.
std::string Keys(const test::EtcdServer& etcd);

}  // namespace bellwether::cli
