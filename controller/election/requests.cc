#include "election/requests.h"

#include <utility>

namespace bellwether::election {
namespace {

etcd::Compare CreatedAt(const std::string& key, Revision revision) {
  return {.key = key, .target = etcd::Compare::Target::kCreateRevision, .equals = revision.value};
}

}  // namespace

std::string KeyOf(std::string_view prefix, LeaseId lease) {
  return std::string(prefix) + "/" + lease.Hex();
}

etcd::TxnRequest JoinTxn(const std::string& key, std::string value, LeaseId lease) {
  return {.compares = {CreatedAt(key, Revision{0})},
          .success = {etcd::PutRequest{.key = key, .value = std::move(value), .lease = lease}},
          .failure = {OwnRange(key)}};
}

etcd::RangeRequest OwnRange(const std::string& key) { return {.key = key}; }

etcd::RangeRequest AheadRange(std::string_view prefix, Revision own) {
  const std::string range = std::string(prefix) + "/";
  return {.key = range,
          .range_end = etcd::PrefixEnd(range),
          .limit = 1,
          .sort = etcd::RangeRequest::Sort::kCreateDescending,
          .max_create_revision = Revision{own.value - 1},
          .keys_only = true};
}

etcd::TxnRequest AheadTxn(std::string_view prefix, const std::string& key, Revision own) {
  return {.compares = {CreatedAt(key, own)}, .success = {AheadRange(prefix, own)}, .failure = {}};
}

etcd::TxnRequest LeaveTxn(const std::string& key, Revision own) {
  return {.compares = {CreatedAt(key, own)},
          .success = {etcd::DeleteRequest{.key = key, .range_end = {}}},
          .failure = {}};
}

etcd::TxnRequest ProclaimTxn(const std::string& key, std::string value, LeaseId lease,
                             Revision own) {
  return {.compares = {CreatedAt(key, own)},
          .success = {etcd::PutRequest{.key = key, .value = std::move(value), .lease = lease}},
          .failure = {}};
}

}  // namespace bellwether::election
