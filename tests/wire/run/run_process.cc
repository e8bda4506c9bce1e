#include "run/run_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/process_tree.h"
#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::cli {
namespace {

using test::Contents;

// "/proc/PID/stat" behind the name: "S PPID …"; empty = no such process.
std::string StatOf(pid_t pid) {
  const std::string stat = Contents("/proc/" + std::to_string(pid) + "/stat");
  const size_t close = stat.rfind(')');
  return close == std::string::npos ? "" : stat.substr(close + 2);
}

std::vector<std::string> WordsFor(const test::EtcdServer& etcd, const std::string& name,
                                  const std::string& script, const RunSetup& setup) {
  std::vector<std::string> words = setup.wrapper;
  words.insert(words.end(), {BELLWETHER_BINARY, "run"});
  for (const std::string& word :
       {"--endpoints=" + etcd.endpoints(), std::string("--election=test/one"), "--id=" + name,
        std::string("--ttl=5s")}) {
    const auto overrides = [&](const std::string& flag) {
      return flag.starts_with(word.substr(0, word.find('=') + 1)) ||
             (word.starts_with("--election=") && flag.starts_with("--prefix="));
    };
    if (std::none_of(setup.flags.begin(), setup.flags.end(), overrides)) words.push_back(word);
  }
  words.insert(words.end(), setup.flags.begin(), setup.flags.end());
  if (setup.sidecar) return words;
  words.emplace_back("--");
  if (setup.command.empty()) {
    words.insert(words.end(), {"/bin/sh", "-c", script});
  } else {
    words.insert(words.end(), setup.command.begin(), setup.command.end());
  }
  return words;
}

}  // namespace

bool Alive(pid_t pid) {
  const std::string stat = StatOf(pid);
  return !stat.empty() && stat.front() != 'Z';
}

pid_t ParentOf(pid_t pid) {
  const std::string stat = StatOf(pid);
  return stat.empty() ? 0 : std::stoi(stat.substr(2));
}

RunProcess::RunProcess(const test::EtcdServer& etcd, const std::string& name,
                       const std::string& script, const RunSetup& setup)
    : folder_(etcd.folder() + "/" + name) {
  std::filesystem::create_directory(folder_);
  std::vector<std::string> words = WordsFor(etcd, name, script, setup);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string log = path("log");
  pid_ = fork();
  if (pid_ != 0) return;
  if (setup.terminal >= 0) {
    setsid();
    ioctl(setup.terminal, TIOCSCTTY, 0);
    dup2(setup.terminal, STDIN_FILENO);
  }
  const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  if (chdir(folder_.c_str()) != 0) _exit(126);
  execvp(argv[0], argv.data());
  _exit(127);
}

RunProcess::~RunProcess() {
  if (pid_ == 0) return;
  const std::vector<pid_t> below = Descendants(pid_);
  kill(pid_, SIGKILL);
  for (const pid_t pid : below) kill(pid, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

pid_t RunProcess::command() const {
  const std::string text = file("pid");
  return text.ends_with('\n') ? std::stoi(text) : 0;
}

pid_t RunProcess::guardian() const {
  for (const pid_t pid : Descendants(pid_)) {
    if (Contents("/proc/" + std::to_string(pid) + "/cmdline")
            .starts_with(std::string("bellwether\0guardian", 19)) &&
        Alive(pid)) {
      return pid;
    }
  }
  return 0;
}

bool RunProcess::Leads() const {
  const pid_t pid = command();
  return pid != 0 && Alive(pid);
}

std::optional<int> RunProcess::Wait() {
  int status = 0;
  const bool ended = test::Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) return std::nullopt;
  pid_ = 0;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Keys(const test::EtcdServer& etcd) {
  return etcd.Etcdctl("get --prefix --keys-only /bellwether/elections/test/one/");
}

}  // namespace bellwether::cli
