// One `bellwether controller` as a process, asked over HTTP with curl.
#pragma once

#include <sys/types.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/etcd_server.h"

namespace bellwether::app {

struct Answer {
  int status = 0;                              // 0 = no answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // Null when the body is not JSON.
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

// A program in the background: its output goes to a file, and it is killed and waited for at the
// end.
class BackgroundProcess {
 public:
  BackgroundProcess(const std::vector<std::string>& words, std::string log);
  ~BackgroundProcess();
  BackgroundProcess(const BackgroundProcess&) = delete;
  BackgroundProcess& operator=(const BackgroundProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Standard output and error.
  std::string log() const;
  bool Logged(const std::string& text) const { return log().find(text) != std::string::npos; }
  // Its exit code, 128 + N for a signal; nullopt when it never ended.
  std::optional<int> Wait();

 private:
  const std::string log_;
  pid_t pid_ = 0;
};

class ControllerProcess {
 public:
  // `more` is YAML after the key etcd; unless it has http, a free port is listened on. Its files go
  // to the etcd's folder, named after `name`.
  ControllerProcess(const test::EtcdServer& etcd, const std::string& more = "",
                    const std::string& name = "controller");

  BackgroundProcess& process() { return process_; }
  std::string log() const { return process_.log(); }
  // "http://127.0.0.1:PORT", once it serves; "" when it never does.
  std::string url();
  // `arguments` of curl besides, such as -H 'Accept: text/plain'.
  Answer Get(const std::string& path, const std::string& arguments = "");
  // GET /v1/elections/{election}/leader
  nlohmann::json Leader(const std::string& election, const std::string& query = "");
  // Waits until this one leads by what the controller says.
  bool Leads(const std::string& election, const std::string& id);
  bool Ready();

 private:
  BackgroundProcess process_;
  std::string url_;
};

// A candidate of another program, whose lease nobody has to keep; and the end of all of them.
void Join(const test::EtcdServer& etcd, const std::string& election, const std::string& id);
void Leave(const test::EtcdServer& etcd, const std::string& election);
// `bellwether run` of a candidate whose CMD sleeps.
std::vector<std::string> RunCandidate(const test::EtcdServer& etcd, const std::string& election,
                                      const std::string& id, const std::string& ttl = "5s");

}  // namespace bellwether::app
