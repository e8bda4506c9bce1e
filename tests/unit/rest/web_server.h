// A server on loopback whose every answer a test decides, byte by byte.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "loop/event_loop.h"

namespace bellwether::rest {

class WebServer {
 public:
  // One connection: what was asked up to the empty line, and the socket to answer on, which is
  // closed when this returns. Each connection has a thread of its own.
  using Script = std::function<void(const std::string& head, int socket)>;
  explicit WebServer(Script script);
  ~WebServer();  // closes the connections and waits for their scripts
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int asked() const { return asked_; }

 private:
  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> asked_ = 0;
  std::mutex mutex_;
  std::vector<int> sockets_;  // guarded by mutex_
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

// All of it; false when the other side has gone.
bool Send(int socket, const std::string& bytes);
// Waits until the other side has gone.
void WaitForTheEnd(int socket);
// An answer with Content-Length.
std::string Answered(int status, const std::string& body, const std::string& headers = "");

// A loop on a thread of its own.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.Run(); }) {}
  ~LoopThread() {
    loop_.Stop();
    thread_.join();
  }
  EventLoop& loop() { return loop_; }
  // Runs it there and waits for its end.
  void Do(const Task& task);

 private:
  EventLoop loop_;
  std::thread thread_;
};

}  // namespace bellwether::rest
