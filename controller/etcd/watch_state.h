// One watch as its stream tells it. Pure: responses in, what the handler is to be told out. Joins
// fragments, so that no part of a revision is ever told, drops what was told before, and knows from
// which revision to resume.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "etcd/api.h"

namespace etcdserverpb {
class WatchResponse;
}

namespace bellwether::etcd {

class WatchState {
 public:
  struct Told {
    std::optional<WatchBatch> batch;
    std::optional<Header> progress;
    std::optional<Error> lost;   // the end of this watch
    bool refused_token = false;  // with `lost`, which counts where there is no token to be renewed
    bool denied = false;  // with `lost`, which counts once a read is denied too: it may be about
                          // the token all the same (etcd 3.4, etcd #12385)
    bool behind = false;  // created at a member that knows less than was told: it lags, or the
                          // store went back
    bool create_again = false;  // the server cancelled it for a reason that passes
  };

  explicit WatchState(WatchRequest request);

  // For the (new) stream: what to send, under this id.
  std::string CreateRequest(int64_t watch_id);
  Told OnResponse(const etcdserverpb::WatchResponse& response);

  // A linearizable read, started after `told` had been told and the watch was found `behind`,
  // answered with this header: the end when the store has really gone back, progress when the
  // member only lagged.
  Told OnStoreRead(const Header& header, Revision told) const;
  const std::string& key() const { return request_.key; }
  Milliseconds prove_every() const { return request_.prove_every; }
  // A read of what is watched, as small as it can be.
  RangeRequest Probe() const {
    return {.key = request_.key, .range_end = request_.range_end, .limit = 1, .keys_only = true};
  }
  // The first revision that has not been told.
  Revision next() const { return next_; }
  bool created() const { return created_; }
  bool critical() const { return request_.critical; }

 private:
  Told OnCancelled(const etcdserverpb::WatchResponse& response);

  const WatchRequest request_;
  Revision next_;
  uint64_t cluster_id_ = 0;
  bool created_ = false;          // on the stream in use
  std::vector<Event> fragments_;  // of a revision that is not complete yet
  size_t fragment_bytes_ = 0;
};

}  // namespace bellwether::etcd
