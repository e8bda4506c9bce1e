// All watches of one kind on one stream. Opens the stream when there is a watch, creates the
// watches, feeds their states, and resumes them on another stream, at another endpoint where
// needed, when this one breaks.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "base/backoff.h"
#include "etcd/caller.h"
#include "etcd/watch_state.h"

namespace bellwether::etcd {

class WatchStream final : public StreamSink {
 public:
  // `caller` outlives it.
  WatchStream(Caller& caller, uint64_t seed);

  // The id by which Remove knows it.
  int64_t Add(WatchRequest request, WatchHandler* handler);
  void Remove(int64_t id);
  // The endpoint was given up by others: go to the new one.
  void Move();

  void OnStreamMessage(std::string_view bytes) override;
  void OnStreamEnd(RpcStatus status) override;

 private:
  struct Entry {
    WatchState state;
    WatchHandler* handler;
    bool waits = false;  // for a try of its own after a refusal that passes
    int creations = 0;   // tells an answer about an earlier creation from one about this
  };

  void Open();
  void Connect();
  void Create(int64_t id);
  void Break(const Error& why);
  void OpenLater();
  void CreateLater(int64_t id);
  void Dispatch(int64_t id, const etcdserverpb::WatchResponse& response);
  void Lose(int64_t id, const Error& why);
  void RefuseToken();
  void AskHowFarTheStoreIs(int64_t id);
  void BePatient();

  Caller& caller_;
  std::map<int64_t, Entry> watches_;
  int64_t last_id_ = 0;
  std::unique_ptr<Stream> stream_;  // null = none open
  size_t stream_endpoint_ = 0;
  std::string stream_token_;
  std::deque<int64_t> asked_;  // creates under way, in order: a refusal may not carry the id
  bool opening_ = false;
  bool doubt_token_ = false;   // the next stream's token is to be made anew
  bool token_is_new_ = false;  // this stream's token was
  Backoff backoff_;
  Timer again_;
  Timer patience_;      // with creations that are not answered
  Scope stream_scope_;  // what belongs to the stream that is open
  Scope scope_;
};

}  // namespace bellwether::etcd
