#include "cli/packet_reader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"

namespace bellwether::cli {

PacketReader::PacketReader(Scheduler& scheduler, int fd,
                           std::function<void(const std::string&)> told)
    : scheduler_(scheduler), stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  BW_CHECK(stop_fd_ >= 0);
  thread_ = std::thread([this, fd, bound = scope_.Bind(std::move(told))] { Read(fd, bound); });
}

PacketReader::~PacketReader() {
  const uint64_t one = 1;
  BW_CHECK(write(stop_fd_, &one, sizeof one) == sizeof one);
  thread_.join();
  close(stop_fd_);
}

void PacketReader::Read(int fd, const std::function<void(const std::string&)>& told) {
  for (;;) {
    pollfd wait[] = {{fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    poll(wait, 2, -1);
    if (wait[1].revents != 0) return;
    if (wait[0].revents == 0) continue;
    char buffer[4096];
    const ssize_t n = read(fd, buffer, sizeof buffer);
    const std::string packet(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    scheduler_.Post([told, packet] { told(packet); });
    if (n <= 0) return;
  }
}

}  // namespace bellwether::cli
