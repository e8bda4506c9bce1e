#include "support/etcd_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace bellwether::test {
namespace {

std::string Binary(const std::string& name) {
  const char* folder = std::getenv("BELLWETHER_ETCD_BIN");
  return std::string(folder != nullptr ? folder : "/usr/bin") + "/" + name;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port on loopback");
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::string Shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run: " + command);
  std::string out;
  char buffer[4096];
  size_t n = 0;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) out.append(buffer, n);
  pclose(pipe);
  return out;
}

void MakeCertificates(const std::string& folder) {
  const std::string openssl = "cd " + folder + " && openssl ";
  Shell(openssl +
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem "
        "2>/dev/null");
  for (const char* who : {"server", "client"}) {
    const std::string name = who;
    Shell(openssl + "req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + name +
          ".key -out " + name + ".csr 2>/dev/null");
    Shell("cd " + folder +
          " && printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' > ext && openssl x509 "
          "-req -days 2 -in " +
          name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -out " + name +
          ".pem 2>/dev/null");
  }
}

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

EtcdServer::EtcdServer(const Options& options) : options_(options) {
  char pattern[] = "/tmp/bellwether-etcd-XXXXXX";
  if (mkdtemp(pattern) == nullptr) throw std::runtime_error("cannot make a folder under /tmp");
  folder_ = pattern;
  if (options_.mutual_tls) MakeCertificates(folder_);
  for (int i = 0; i < options_.members; ++i) {
    Member member;
    member.name = "m" + std::to_string(i);
    const std::string port = std::to_string(FreePort());
    if (options_.unix_socket) {
      member.url = "unix://localhost:" + port;
    } else {
      member.url = (options_.mutual_tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + port;
    }
    member.peer_url = "http://127.0.0.1:" + std::to_string(FreePort());
    members_.push_back(member);
  }
  for (Member& member : members_) Launch(member);
  WaitUntilServing();
}

EtcdServer::~EtcdServer() {
  for (size_t i = 0; i < members_.size(); ++i) Kill(i);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string EtcdServer::endpoints() const {
  std::string list;
  for (const Member& member : members_) {
    if (!list.empty()) list += ",";
    // etcd listens on a socket named by host and port in its working folder.
    list += options_.unix_socket ? "unix://" + folder_ + "/" + member.url.substr(7) : member.url;
  }
  return list;
}

void EtcdServer::Launch(Member& member) {
  std::string cluster;
  for (const Member& each : members_) {
    if (!cluster.empty()) cluster += ",";
    cluster += each.name + "=" + each.peer_url;
  }
  std::vector<std::string> arguments = {Binary("etcd"),
                                        "--name",
                                        member.name,
                                        "--data-dir",
                                        folder_ + "/" + member.name,
                                        "--listen-client-urls",
                                        member.url,
                                        "--advertise-client-urls",
                                        member.url,
                                        "--listen-peer-urls",
                                        member.peer_url,
                                        "--initial-advertise-peer-urls",
                                        member.peer_url,
                                        "--initial-cluster",
                                        cluster,
                                        "--log-level",
                                        "error"};
  if (options_.mutual_tls) {
    for (const char* flag : {"--client-cert-auth", "--trusted-ca-file=ca.pem",
                             "--cert-file=server.pem", "--key-file=server.key"}) {
      arguments.emplace_back(flag);
    }
  }
  for (const std::string& flag : options_.extra) arguments.push_back(flag);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log = folder_ + "/" + member.name + ".log";
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid == 0) {
    const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (fd >= 0) {
      dup2(fd, 1);
      dup2(fd, 2);
    }
    if (chdir(folder_.c_str()) != 0) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }
  member.pid = pid;
}

void EtcdServer::WaitUntilServing() const {
  const bool serves = Eventually([this] {
    // A refusal for want of a password is an answer too. A read leaves the revisions alone.
    const std::string answer = Etcdctl("get bellwether-test-probe 2>&1; echo status $?");
    return answer.find("status 0") != std::string::npos ||
           answer.find("user name is empty") != std::string::npos;
  });
  if (!serves) throw std::runtime_error("etcd does not serve; its logs were in " + folder_);
}

void EtcdServer::Signal(size_t member, int signal) const { kill(members_[member].pid, signal); }

void EtcdServer::Kill(size_t member) {
  pid_t& pid = members_[member].pid;
  if (pid == 0) return;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  pid = 0;
}

void EtcdServer::Start(size_t member) {
  Launch(members_[member]);
  WaitUntilServing();
}

std::string EtcdServer::Etcdctl(const std::string& arguments) const {
  std::string command =
      "ETCDCTL_API=3 timeout 30 " + Binary("etcdctl") + " --endpoints=" + endpoints();
  if (options_.mutual_tls) {
    command += " --cacert=" + folder_ + "/ca.pem --cert=" + folder_ +
               "/client.pem --key=" + folder_ + "/client.key";
  }
  return Shell(command + " " + arguments);
}

}  // namespace bellwether::test
