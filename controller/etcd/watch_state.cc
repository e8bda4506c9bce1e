#include "etcd/watch_state.h"

#include <algorithm>
#include <utility>

#include "etcd/codec.h"
#include "etcd/errors.h"
#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

// One revision can change at most max-txn-ops keys, or all keys of one lease; more than this is not
// etcd talking.
constexpr size_t kMaxFragmentBytes = size_t{512} << 20;

Error Lost(Code code, std::string message) {
  return {.code = code, .message = "etcd watch: " + std::move(message)};
}

}  // namespace

WatchState::WatchState(WatchRequest request) : request_(std::move(request)), next_(request_.from) {
  BW_CHECK(request_.from);
}

std::string WatchState::CreateRequest(int64_t watch_id) {
  created_ = false;
  fragments_.clear();
  fragment_bytes_ = 0;
  etcdserverpb::WatchRequest message;
  auto& create = *message.mutable_create_request();
  create.set_key(request_.key);
  create.set_range_end(request_.range_end);
  create.set_start_revision(next_.value);
  create.set_watch_id(watch_id);
  create.set_fragment(true);
  return message.SerializeAsString();
}

WatchState::Told WatchState::OnResponse(const etcdserverpb::WatchResponse& response) {
  if (response.canceled()) return OnCancelled(response);
  Told told;
  const Header header = FromProto(response.header());
  if (response.created()) {
    if (cluster_id_ != 0 && header.cluster_id != cluster_id_) {
      told.lost = Lost(Code::kConflict,
                       "another cluster answers behind the same endpoints (its id changed); "
                       "everything read before is void");
      return told;
    }
    cluster_id_ = header.cluster_id;
    created_ = true;
    // Events between `next_` and the header's revision are still to come, so this is as far as it
    // can be vouched for.
    told.behind = header.revision.Next() < next_;
    told.progress = header;
    told.progress->revision = std::min(header.revision, Revision{next_.value - 1});
    return told;
  }
  for (const auto& event : response.events()) {
    // Servers before 3.4.38, 3.5.22 and 3.6.2 may tell old events to a watch from a future
    // revision; servers before 3.4.24 and 3.5.8 may tell twice.
    if (event.kv().mod_revision() < next_.value) continue;
    fragment_bytes_ += event.ByteSizeLong();
    fragments_.push_back(FromProto(event));
  }
  if (fragment_bytes_ > kMaxFragmentBytes) {
    told.lost = Lost(Code::kInternal, "one revision larger than 512 MiB");
    return told;
  }
  if (response.fragment()) return told;
  fragment_bytes_ = 0;
  if (fragments_.empty()) return told;
  for (const Event& event : fragments_) next_ = std::max(next_, event.kv.mod_revision.Next());
  told.batch = WatchBatch{header, std::exchange(fragments_, {})};
  return told;
}

WatchState::Told WatchState::OnStoreRead(const Header& header, Revision told_before) const {
  Told told;
  if (header.cluster_id != cluster_id_ || header.revision < told_before) {
    told.lost = Lost(Code::kConflict,
                     "the store has gone back from revision " + std::to_string(told_before.value) +
                         " to " + std::to_string(header.revision.value) +
                         " (restored from a snapshot?); everything read before is void");
  } else {
    told.progress = header;
    told.progress->revision = std::min(header.revision, Revision{next_.value - 1});
  }
  return told;
}

WatchState::Told WatchState::OnCancelled(const etcdserverpb::WatchResponse& response) {
  created_ = false;
  Told told;
  const std::string& reason = response.cancel_reason();
  if (response.compact_revision() > 0) {
    told.lost = Lost(Code::kCompacted,
                     "revision " + std::to_string(next_.value) + " is gone (compacted at " +
                         std::to_string(response.compact_revision()) + "); list again");
  } else if (AsksForNewToken(reason)) {
    told.refused_token = true;
    told.lost = Lost(Code::kPermission, reason + "; check user and password");
  } else if (reason.find("permission denied") != std::string::npos) {
    told.denied = true;
    told.lost = Lost(Code::kPermission, reason + "; check the role's permissions");
  } else if (reason.find("no leader") != std::string::npos || reason.empty()) {
    told.create_again = true;
  } else {
    told.lost = Lost(Code::kInternal, reason);
  }
  return told;
}

}  // namespace bellwether::etcd
