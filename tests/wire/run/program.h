// The subcommands of the program as processes that end by themselves.
#pragma once

#include <sys/types.h>

#include <string>

#include "support/etcd_server.h"

namespace bellwether::cli {

struct Output {
  std::string out;
  std::string err;
  int code = -1;
};

// `arguments` as a shell takes them.
Output Bellwether(const std::string& arguments);
// With the --endpoints of this etcd.
Output Bellwether(const test::EtcdServer& etcd, const std::string& arguments);

// One that goes on until this is destroyed.
class BackgroundProgram {
 public:
  BackgroundProgram(const test::EtcdServer& etcd, const std::string& arguments)
      : BackgroundProgram(etcd, etcd.endpoints(), arguments) {}
  // By other endpoints than the server's own.
  BackgroundProgram(const test::EtcdServer& etcd, const std::string& endpoints,
                    const std::string& arguments);
  // `arguments` whole, its output in this folder, which is made.
  BackgroundProgram(std::string folder, const std::string& arguments);
  ~BackgroundProgram();
  BackgroundProgram(const BackgroundProgram&) = delete;
  BackgroundProgram& operator=(const BackgroundProgram&) = delete;

  std::string out() const;
  std::string err() const;
  // Waits for it on standard output.
  bool Says(const std::string& text) const;

 private:
  const std::string folder_;
  pid_t pid_ = 0;
};

}  // namespace bellwether::cli
