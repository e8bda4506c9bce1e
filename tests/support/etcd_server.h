// A real etcd for one test: members on free loopback ports, data in a temporary folder, all gone at
// the end.
//
// Which etcd: BELLWETHER_ETCD_BIN (a folder with etcd and etcdctl), else Debian's in /usr/bin.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bellwether::test {

class EtcdServer {
 public:
  struct Options {
    int members = 1;
    std::vector<std::string> extra;  // more flags of etcd
    bool unix_socket = false;        // clients come by a unix socket
    bool mutual_tls = false;         // certificates are made with openssl
  };
  explicit EtcdServer(const Options& options);
  EtcdServer() : EtcdServer(Options{}) {}
  ~EtcdServer();
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  // As --endpoints takes them.
  std::string endpoints() const;
  const std::string& endpoint(size_t member) const { return members_[member].url; }
  const std::string& folder() const { return folder_; }

  void Signal(size_t member, int signal) const;
  void Kill(size_t member);   // SIGKILL, and wait for its end
  void Start(size_t member);  // again, with its data; returns when it serves
  // Runs etcdctl with this cluster's endpoints and certificates; its standard output.
  std::string Etcdctl(const std::string& arguments) const;
  // With one member's endpoint alone.
  std::string EtcdctlAt(size_t member, const std::string& arguments) const;
  // Starts an etcdctl that goes on until it ends by itself or this server does. Its output is
  // nobody's.
  void EtcdctlInBackground(const std::string& arguments);
  // What the member tells Prometheus; not with TLS.
  std::string Metrics(size_t member) const;
  // A new authority, and new certificates and keys of server and client, over the old files. A
  // running member goes on trusting the old authority until it is started again.
  void ReplaceCertificates() const;

 private:
  struct Member {
    std::string name, url, peer_url;
    pid_t pid = 0;
  };
  void Launch(Member& member);
  std::string EtcdctlCommand(const std::string& endpoints, const std::string& arguments) const;
  void WaitUntilServing();
  std::string LogOf(const Member& member) const { return folder_ + "/" + member.name + ".log"; }

  const Options options_;
  std::string folder_;
  std::vector<Member> members_;
  std::vector<pid_t> background_;
};

// On loopback. No other caller, in any process, is given it before this process has ended; nothing
// else keeps it free.
int FreePort();

}  // namespace bellwether::test
