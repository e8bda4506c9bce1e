// A real etcd for one test: members on free loopback ports, data in a temporary folder, all gone at
// the end.
//
// Which etcd: BELLWETHER_ETCD_BIN (a folder with etcd and etcdctl), else Debian's in /usr/bin.
#pragma once

#include <sys/types.h>

#include <functional>
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

 private:
  struct Member {
    std::string name, url, peer_url;
    pid_t pid = 0;
  };
  void Launch(Member& member);
  void WaitUntilServing() const;

  const Options options_;
  std::string folder_;
  std::vector<Member> members_;
};

// Waits, long if need be, until the condition holds; false when it never did.
bool Eventually(const std::function<bool()>& condition);

}  // namespace bellwether::test
