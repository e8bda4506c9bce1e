// One client that reads a stream of events: writes what the outbox holds, a few kilobytes at a
// time, until the client goes, is too slow, or the server drains. Small while nothing happens.
//
// Owner:  the hub and the operations under way.
// Thread: its strand; OnNews, Drain and Close any.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "http/outbox.h"
#include "http/server_state.h"
#include "http/stream.h"
#include "http/watcher.h"

namespace bellwether::http {

class EventStream final : public Session,
                          public Watcher,
                          public std::enable_shared_from_this<EventStream> {
 public:
  // Writes the head, then lives by itself. On the stream's strand; the state outlives it. `access`
  // is logged at the end; null = none is.
  static void Start(Stream stream, ServerState& state, WatcherSlot slot, std::string head,
                    Subject subject, std::unique_ptr<Access> access);
  ~EventStream() override;

  void OnNews(NewsPtr news) override;
  void Drain() override;
  void Close() override;

 private:
  EventStream(Stream stream, ServerState& state, WatcherSlot slot, bool many);

  void Read();
  void Write();
  void OnWritten(ErrorCode ec, size_t bytes);
  void End();

  ServerState& state_;
  const Milliseconds write_timeout_;
  Stream stream_;
  WatcherSlot slot_;
  Outbox outbox_;
  std::unique_ptr<Access> access_;
  std::string head_;
  std::vector<Outbox::Piece> writing_;
  bool busy_ = false;  // writing
  bool draining_ = false;
  bool ended_ = false;
  std::array<char, 64> dropped_{};  // what the client sends is nothing to us
  size_t dropped_bytes_ = 0;
};

}  // namespace bellwether::http
