#include "run/program.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "run/run_process.h"
#include "support/eventually.h"
#include "support/shell.h"

namespace bellwether::cli {

Output Bellwether(const std::string& arguments) {
  char err[] = "/tmp/bellwether-stderr-XXXXXX";
  const int fd = mkstemp(err);
  if (fd < 0) throw std::runtime_error("cannot make a file under /tmp");
  close(fd);
  const std::string command = std::string(BELLWETHER_BINARY) + " " + arguments + " 2>" + err;
  test::Finished finished = test::RunShell(command);
  Output output = {
      .out = std::move(finished.out), .err = test::Contents(err), .code = finished.exit_code};
  std::filesystem::remove(err);
  return output;
}

Output Bellwether(const test::EtcdServer& etcd, const std::string& arguments) {
  return Bellwether(arguments + " --endpoints=" + etcd.endpoints());
}

BackgroundProgram::BackgroundProgram(const test::EtcdServer& etcd, const std::string& endpoints,
                                     const std::string& arguments)
    : BackgroundProgram(etcd.folder() + "/background", arguments + " --endpoints=" + endpoints) {}

BackgroundProgram::BackgroundProgram(std::string folder, const std::string& arguments)
    : folder_(std::move(folder)) {
  std::filesystem::create_directory(folder_);
  const std::string command = std::string("exec ") + BELLWETHER_BINARY + " " + arguments + " > " +
                              folder_ + "/out 2> " + folder_ + "/err";
  pid_ = fork();
  if (pid_ != 0) return;
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

BackgroundProgram::~BackgroundProgram() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::string BackgroundProgram::out() const { return test::Contents(folder_ + "/out"); }
std::string BackgroundProgram::err() const { return test::Contents(folder_ + "/err"); }
bool BackgroundProgram::Says(const std::string& text) const {
  return test::Eventually([&] { return out().find(text) != std::string::npos; });
}

}  // namespace bellwether::cli
