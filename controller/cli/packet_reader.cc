#include "cli/packet_reader.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "base/check.h"

namespace bellwether::cli {
namespace {

Error NoReader(int why) {
  return {.code = Code::kInternal,
          .message = "cannot make a thread that listens: " + std::generic_category().message(why) +
                     "; raise the limits on open files (ulimit -n) and processes (ulimit -u)"};
}

}  // namespace

Result<std::unique_ptr<PacketReader>> PacketReader::Make(Scheduler& scheduler, int fd, Told told) {
  const int stop_fd = eventfd(0, EFD_CLOEXEC);
  if (stop_fd < 0) return NoReader(errno);
  std::unique_ptr<PacketReader> made(new PacketReader(scheduler, stop_fd));
  try {
    made->thread_ =
        std::thread([reader = made.get(), fd, bound = made->scope_.Bind(std::move(told))] {
          reader->Read(fd, bound);
        });
  } catch (const std::system_error& error) {
    return NoReader(error.code().value());
  }
  return made;
}

PacketReader::PacketReader(Scheduler& scheduler, int stop_fd)
    : scheduler_(scheduler), stop_fd_(stop_fd) {}

PacketReader::~PacketReader() {
  const uint64_t one = 1;
  BW_CHECK(write(stop_fd_, &one, sizeof one) == sizeof one);
  if (thread_.joinable()) thread_.join();
  close(stop_fd_);
}

void PacketReader::Read(int fd, const Told& told) {
  for (;;) {
    pollfd wait[] = {{fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    poll(wait, 2, -1);
    if (wait[1].revents != 0) return;
    if (wait[0].revents == 0) continue;
    char buffer[4096];
    const ssize_t n = read(fd, buffer, sizeof buffer);
    // A reset, told once: the other end has gone with something unread. What it said before that
    // is still to be read.
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET)) continue;
    const std::string packet(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    scheduler_.Post([told, packet] { told(packet); });
    if (n <= 0) return;
  }
}

}  // namespace bellwether::cli
