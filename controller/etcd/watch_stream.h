// All watches of one kind on one stream. Opens the stream when there is a watch, creates the
// watches, feeds their states, and resumes them on another stream, at another endpoint where
// needed, when this one breaks or tells nothing any more.
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

  void OnStreamMessage(std::string_view bytes) override;
  void OnStreamEnd(RpcStatus status) override;

 private:
  struct Entry {
    WatchState state;
    WatchHandler* handler;
    bool waits = false;             // for a try of its own after a refusal that passes
    int creations = 0;              // tells an answer about an earlier creation from one about this
    MonotonicTime created_at = {};  // on the stream in use
  };

  // Calls tell(id, entry) for each watch, as long as it is there: a handler may end others, and the
  // whole client. False = the client was ended, and nothing of this may be touched.
  template <typename Tell>
  bool TellEach(Tell tell);
  // The endpoint was given up by others: go to the new one.
  void Move();
  void Open();
  void Connect();
  void Create(int64_t id);
  void Break(const Error& why);
  void OpenLater();
  void CreateLater(int64_t id);
  void Dispatch(int64_t id, const etcdserverpb::WatchResponse& response);
  void Lose(int64_t id, const Error& why);
  void RefuseToken();
  void AskWhetherDenied(int64_t id, const Error& why);
  void AskHowFarTheStoreIs(int64_t id);
  void Ask(int64_t id);
  void BePatient();
  void ProveLifeBy(MonotonicTime when);
  void ProveLife();
  void OnAnswered(int64_t id, MonotonicTime asked_at, const etcdserverpb::WatchResponse& response);

  Caller& caller_;
  std::map<int64_t, Entry> watches_;
  int64_t last_id_ = 0;
  std::unique_ptr<Stream> stream_;  // null = none open
  size_t stream_endpoint_ = 0;
  std::string stream_token_;
  // Creates under way, in order: a refusal may not carry the id.
  struct Asked {
    int64_t id;
    MonotonicTime at;
  };
  std::deque<Asked> asked_;
  int silences_ = 0;  // for which a stream was left, since an answer came in time
  bool opening_ = false;
  Backoff backoff_;
  Timer again_;
  Timer patience_;  // with creations that are not answered
  Timer prove_;     // when a sign of life is asked for
  MonotonicTime prove_at_;
  Scope stream_scope_;  // what belongs to the stream that is open
  Scope scope_;
};

}  // namespace bellwether::etcd
