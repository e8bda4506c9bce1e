#include "base/line_writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace bellwether {
namespace {

void Write(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = write(fd, line.data(), line.size());
    if (n >= 0) {
      line.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      // Somebody who shares it has made it non-blocking.
      pollfd wait{fd, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

// Whoever waits for signals gets all of them, SIGPIPE comes to nothing.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

struct LineWriter::State {
  State(int descriptor, LostLine line) : fd(descriptor), lost_line(std::move(line)) {}

  void WriteUntilTheEnd() {
    std::unique_lock lock(mutex);
    for (;;) {
      writing = false;
      idle.notify_all();
      work.wait(lock, [&] { return !lines.empty() || lost > 0 || end; });
      if (lines.empty() && lost == 0) return;
      writing = true;
      const std::deque<std::string> batch = std::exchange(lines, {});
      const uint64_t dropped = std::exchange(lost, 0);
      waiting_bytes = 0;
      lock.unlock();
      if (dropped > 0) Write(fd, lost_line(dropped));
      for (const std::string& line : batch) Write(fd, line);
      lock.lock();
    }
  }

  const int fd;
  const LostLine lost_line;

  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<std::string> lines;
  size_t waiting_bytes = 0;
  uint64_t lost = 0;
  bool started = false;
  bool writing = false;
  bool end = false;
};

LineWriter::LineWriter(int fd, LostLine lost_line)
    : state_(std::make_shared<State>(fd, std::move(lost_line))) {}

LineWriter::~LineWriter() {
  const std::lock_guard lock(state_->mutex);
  state_->end = true;
  state_->work.notify_one();
}

void LineWriter::Add(std::string line) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->started) {
    const NoSignals inherited_by_the_thread;
    try {
      std::thread([state = state_] { state->WriteUntilTheEnd(); }).detach();
      state_->started = true;
    } catch (const std::system_error&) {
      return Write(state_->fd, line);
    }
  }
  state_->waiting_bytes += line.size();
  state_->lines.push_back(std::move(line));
  for (; state_->waiting_bytes > kMaxWaiting; ++state_->lost) {
    state_->waiting_bytes -= state_->lines.front().size();
    state_->lines.pop_front();
  }
  state_->work.notify_one();
}

bool LineWriter::Flush(Milliseconds at_most) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, at_most, [&] {
    return state_->lines.empty() && state_->lost == 0 && !state_->writing;
  });
}

}  // namespace bellwether
