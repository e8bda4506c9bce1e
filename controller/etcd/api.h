// etcd's requests and answers as plain values, so that nobody above this room sees protobuf.
// Meanings are those of etcd's rpc.proto; what is left out of a struct is not used by Bellwether.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace bellwether::etcd {

struct Header {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  Revision revision;
  uint64_t raft_term = 0;
};

struct KeyValue {
  std::string key;
  std::string value;
  Revision create_revision;
  Revision mod_revision;
  int64_t version = 0;
  LeaseId lease;
};

// The end of the range of all keys that start with `prefix`: its last byte plus one (etcd's
// clientv3.GetPrefixRangeEnd).
std::string PrefixEnd(std::string prefix);

struct RangeRequest {
  enum class Sort { kNone, kCreateAscending, kCreateDescending };
  std::string key;
  std::string range_end;  // empty = the one key
  int64_t limit = 0;      // 0 = no limit
  Revision at_revision;   // 0 = now
  Sort sort = Sort::kNone;
  Revision max_create_revision;  // 0 = no filter
  bool serializable = false;     // true may answer from a member that lags
  bool keys_only = false;
};
struct RangeResponse {
  Header header;
  std::vector<KeyValue> kvs;
  bool more = false;
};
// Where the next page of a list of [.., end) begins after this one, which began at `from`; none
// after the last page. kInternal unless its keys were asked for and each stands behind the one
// before: etcd lists by key, and who answers otherwise could be listed for ever.
Result<std::optional<std::string>> NextPage(const RangeResponse& page, std::string_view from,
                                            std::string_view end);

struct PutRequest {
  std::string key;
  std::string value;
  LeaseId lease;
};
struct DeleteRequest {
  std::string key;
  std::string range_end;
};

struct Compare {
  enum class Target { kCreateRevision, kModRevision, kVersion };
  std::string key;
  Target target = Target::kCreateRevision;
  int64_t equals = 0;
};
using Op = std::variant<PutRequest, DeleteRequest, RangeRequest>;

struct TxnRequest {
  std::vector<Compare> compares;
  std::vector<Op> success;
  std::vector<Op> failure;
};
struct PutResult {};
struct DeleteResult {
  int64_t deleted = 0;
};
using OpResult = std::variant<PutResult, DeleteResult, RangeResponse>;
struct TxnResponse {
  Header header;
  bool succeeded = false;
  std::vector<OpResult> results;
};

struct PutResponse {
  Header header;
};
struct DeleteResponse {
  Header header;
  int64_t deleted = 0;
};

struct LeaseGrantResponse {
  Header header;
  LeaseId id;
  Milliseconds ttl{0};    // the server may raise what was asked for
  MonotonicTime sent_at;  // of the request: the grant counts as the first keepalive
};
struct LeaseTimeToLiveResponse {
  Header header;
  LeaseId id;
  Milliseconds remaining{0};  // negative = the lease does not exist
  Milliseconds granted{0};
  std::vector<std::string> keys;
};
struct LeaseRevokeResponse {
  Header header;
};

struct Member {
  uint64_t id = 0;
  std::string name;
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  bool is_learner = false;
};
struct MemberListResponse {
  Header header;
  std::vector<Member> members;
};

struct StatusResponse {
  Header header;
  std::string version;  // "3.5.8"
  int64_t db_size_bytes = 0;
  int64_t db_size_in_use_bytes = 0;  // 0 before 3.4
  int64_t db_quota_bytes = 0;        // 0 before 3.6: the server does not tell
  uint64_t leader = 0;               // member id; 0 = none
  uint64_t raft_index = 0;
  uint64_t raft_applied_index = 0;
  uint64_t raft_term = 0;
  bool is_learner = false;
  std::vector<std::string> errors;  // alarms, in etcd's words
};

struct Event {
  enum class Kind { kPut, kDelete };
  Kind kind = Kind::kPut;
  KeyValue kv;  // of a delete: key and mod_revision only
};

struct WatchRequest {
  std::string key;
  std::string range_end;  // empty = the one key
  Revision from;  // the first revision to be told; never 0: "now" would leave a gap after the read
                  // before it
  // Leader-critical watches have a stream of their own, so that a flood on the shared one cannot
  // hold them up.
  bool critical = false;
  // The stream is asked for a sign of life this often: a connection that answers pings may still
  // tell nothing more on it.
  Milliseconds prove_every{5000};
};

// Whole revisions, in order, each told once.
struct WatchBatch {
  Header header;
  std::vector<Event> events;
};

}  // namespace bellwether::etcd
