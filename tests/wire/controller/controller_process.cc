#include "wire/controller/controller_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::app {
namespace {

using test::Contents;
using test::Eventually;
using test::Shell;

std::string WriteConfig(const test::EtcdServer& etcd, const std::string& more,
                        const std::string& name) {
  std::string endpoints = etcd.endpoints();
  for (size_t at = 0; (at = endpoints.find(',', at)) != std::string::npos; at += 3) {
    endpoints.replace(at, 1, "\",\"");
  }
  const std::string file = etcd.folder() + "/" + name + ".yaml";
  const bool http = more.find("http:") != std::string::npos;
  std::ofstream(file) << "etcd: {endpoints: [\"" << endpoints << "\"]}\n"
                      << (http ? "" : "http: {listen: \"127.0.0.1:0\"}\n") << more;
  return file;
}

Answer ParseAnswer(const std::string& text) {
  Answer answer;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  std::istringstream head(text.substr(0, end + 2));
  std::string version;
  head >> version >> answer.status;
  std::string line;
  std::getline(head, line);
  while (std::getline(head, line)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  answer.body = text.substr(end + 4);
  return answer;
}

}  // namespace

BackgroundProcess::BackgroundProcess(const std::vector<std::string>& words, std::string log)
    : log_(std::move(log)) {
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  dup2(fd, 1);
  dup2(fd, 2);
  execvp(argv[0], argv.data());
  _exit(127);
}

BackgroundProcess::~BackgroundProcess() {
  if (pid_ == 0) return;
  kill(pid_, SIGCONT);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void BackgroundProcess::Signal(int signal) const { kill(pid_, signal); }

std::string BackgroundProcess::log() const { return Contents(log_); }

std::optional<int> BackgroundProcess::Wait() {
  int status = 0;
  if (!Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
  pid_ = 0;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

ControllerProcess::ControllerProcess(const test::EtcdServer& etcd, const std::string& more,
                                     const std::string& name)
    : process_({BELLWETHER_BINARY, "controller", "--config=" + WriteConfig(etcd, more, name)},
               etcd.folder() + "/" + name + ".log") {}

std::string ControllerProcess::url() {
  if (!url_.empty()) return url_;
  const std::string before = "\"message\":\"serving\",\"address\":\"";
  const bool serves = Eventually([&] {
    const std::string text = log();
    const size_t at = text.find(before);
    if (at == std::string::npos) return false;
    const size_t begin = at + before.size();
    const size_t end = text.find('"', begin);
    if (end == std::string::npos) return false;
    url_ = "http://" + text.substr(begin, end - begin);
    return true;
  });
  return serves ? url_ : "";
}

Answer ControllerProcess::Get(const std::string& path, const std::string& arguments) {
  return ParseAnswer(Shell("curl -s -i --max-time 30 " + arguments + " '" + url() + path + "'"));
}

nlohmann::json ControllerProcess::Leader(const std::string& election, const std::string& query) {
  return Get("/v1/elections/" + election + "/leader" + query).json();
}

bool ControllerProcess::Leads(const std::string& election, const std::string& id) {
  return Eventually([&] {
    const Answer answer = Get("/v1/elections/" + election + "/leader", "-H 'Accept: text/plain'");
    return answer.status == 200 && answer.body == id + "\n";
  });
}

bool ControllerProcess::Ready() {
  return Eventually([&] { return Get("/readyz").status == 200; });
}

void Join(const test::EtcdServer& etcd, const std::string& election, const std::string& id) {
  const std::string lease = etcd.Etcdctl("lease grant 600 | cut -d' ' -f2 | tr -d '\n'");
  etcd.Etcdctl("put --lease=" + lease + " /bellwether/elections/" + election + "/" + lease + " " +
               id);
}

void Leave(const test::EtcdServer& etcd, const std::string& election) {
  etcd.Etcdctl("del --prefix /bellwether/elections/" + election + "/");
}

std::vector<std::string> RunCandidate(const test::EtcdServer& etcd, const std::string& election,
                                      const std::string& id, const std::string& ttl) {
  return {BELLWETHER_BINARY,
          "run",
          "--endpoints=" + etcd.endpoints(),
          "--election=" + election,
          "--id=" + id,
          "--ttl=" + ttl,
          "--address=http://" + id + ":80",
          "--",
          "sleep",
          "1000"};
}

}  // namespace bellwether::app
