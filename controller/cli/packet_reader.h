// A thread that reads packets from one descriptor and posts them to a shard; ends with its owner.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "loop/scheduler.h"

namespace bellwether::cli {

class PacketReader {
 public:
  using Told = std::function<void(const std::string&)>;

  // `told` runs on the shard with each packet (at most 4 KiB); an empty one is the end of file. The
  // descriptor stays the caller's and outlives the reader. An error when this process has no
  // descriptor or thread left.
  static Result<std::unique_ptr<PacketReader>> Make(Scheduler& scheduler, int fd, Told told);
  ~PacketReader();
  PacketReader(const PacketReader&) = delete;
  PacketReader& operator=(const PacketReader&) = delete;

 private:
  PacketReader(Scheduler& scheduler, int stop_fd);
  void Read(int fd, const Told& told);

  Scheduler& scheduler_;
  const int stop_fd_;
  Scope scope_;
  std::thread thread_;
};

}  // namespace bellwether::cli
