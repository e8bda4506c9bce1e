#include "support/etcd_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "support/certificates.h"
#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::test {
namespace {

// In front of a command. An etcdctl without its etcd stays after SIGTERM.
constexpr const char* kBounded = "ETCDCTL_API=3 timeout -k 5 30 ";

std::string Binary(const std::string& name) {
  const char* folder = std::getenv("BELLWETHER_ETCD_BIN");
  return std::string(folder != nullptr ? folder : "/usr/bin") + "/" + name;
}

void MakeCertificates(const std::string& folder) {
  MakeAuthority(folder, "ca");
  for (const char* who : {"server", "client"}) MakeCertificate(folder, who, "ca");
}

// No other test that runs meanwhile gets this port: until its server listens, nothing else shows
// that it is taken. The claim, an abstract socket, ends with this process, however that ends.
bool Claim(int port) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "bellwether-test-port-" + std::to_string(port);
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0) return true;
  close(fd);
  return false;
}

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool is_free =
      fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return is_free;
}

}  // namespace

int FreePort() {
  // Below the kernel's own choice (32768 and up): there any connection of a test that runs beside
  // this one could take the port before its server listens.
  constexpr int kFirst = 15000, kLast = 32000;
  std::random_device random;
  std::uniform_int_distribution<int> any(kFirst, kLast);
  for (int tries = 0; tries < 1000; ++tries) {
    const int port = any(random);
    if (Claim(port) && IsFree(port)) return port;
  }
  throw std::runtime_error("no free port on loopback");
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
  for (const pid_t pid : background_) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
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
  const std::string log = LogOf(member);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves none
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

void EtcdServer::WaitUntilServing() {
  const bool serves = Eventually([this] {
    for (Member& member : members_) {
      if (member.pid == 0 || waitpid(member.pid, nullptr, WNOHANG) != member.pid) continue;
      member.pid = 0;
      throw std::runtime_error("etcd has ended: " + Contents(LogOf(member)));
    }
    // A refusal for want of a password is an answer too. A read leaves the revisions alone.
    const std::string answer = Etcdctl("get bellwether-test-probe 2>&1; echo status $?");
    return answer.find("status 0") != std::string::npos ||
           answer.find("user name is empty") != std::string::npos;
  });
  if (serves) return;
  std::string logs;
  for (const Member& member : members_) logs += member.name + ": " + Contents(LogOf(member)) + "\n";
  throw std::runtime_error("etcd does not serve: " + logs);
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
  return Shell(kBounded + EtcdctlCommand(endpoints(), arguments));
}

std::string EtcdServer::EtcdctlAt(size_t member, const std::string& arguments) const {
  return Shell(kBounded + EtcdctlCommand(members_[member].url, arguments));
}

void EtcdServer::EtcdctlInBackground(const std::string& arguments) {
  const std::string command =
      "exec env ETCDCTL_API=3 " + EtcdctlCommand(endpoints(), arguments) + " > /dev/null 2>&1";
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  background_.push_back(pid);
}

std::string EtcdServer::EtcdctlCommand(const std::string& endpoints,
                                       const std::string& arguments) const {
  std::string command = Binary("etcdctl") + " --endpoints=" + endpoints;
  if (options_.mutual_tls) {
    command += " --cacert=" + folder_ + "/ca.pem --cert=" + folder_ +
               "/client.pem --key=" + folder_ + "/client.key";
  }
  return command + " " + arguments;
}

std::string EtcdServer::Metrics(size_t member) const {
  return Shell("curl -s --max-time 30 " + members_[member].url + "/metrics");
}

void EtcdServer::ReplaceCertificates() const { MakeCertificates(folder_); }

}  // namespace bellwether::test
