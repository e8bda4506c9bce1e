// A thread that reads packets from one descriptor and posts them to a shard; ends with its owner.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "loop/scheduler.h"

namespace bellwether::cli {

class PacketReader {
 public:
  // `told` runs on the shard with each packet (at most 4 KiB); an empty one is the end of file. The
  // descriptor stays the caller's and outlives the reader.
  PacketReader(Scheduler& scheduler, int fd, std::function<void(const std::string&)> told);
  ~PacketReader();
  PacketReader(const PacketReader&) = delete;
  PacketReader& operator=(const PacketReader&) = delete;

 private:
  void Read(int fd, const std::function<void(const std::string&)>& told);

  Scheduler& scheduler_;
  int stop_fd_;
  Scope scope_;
  std::thread thread_;
};

}  // namespace bellwether::cli
