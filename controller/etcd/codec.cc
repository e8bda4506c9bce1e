#include "etcd/codec.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "etcd/rpc.pb.h"

namespace bellwether::etcd {
namespace {

namespace pb = ::etcdserverpb;

// etcd counts leases in whole seconds; rounding up never shortens what was asked for.
int64_t WholeSeconds(Milliseconds ttl) { return (ttl.count() + 999) / 1000; }

KeyValue FromProto(const mvccpb::KeyValue& kv) {
  return {.key = kv.key(),
          .value = kv.value(),
          .create_revision = RevisionFrom(kv.create_revision()),
          .mod_revision = RevisionFrom(kv.mod_revision()),
          .version = kv.version(),
          .lease = {kv.lease()}};
}

void Fill(const RangeRequest& from, pb::RangeRequest* to) {
  to->set_key(from.key);
  to->set_range_end(from.range_end);
  to->set_limit(from.limit);
  to->set_revision(from.at_revision.value);
  if (from.sort != RangeRequest::Sort::kNone) {
    to->set_sort_target(pb::RangeRequest::CREATE);
    to->set_sort_order(from.sort == RangeRequest::Sort::kCreateAscending
                           ? pb::RangeRequest::ASCEND
                           : pb::RangeRequest::DESCEND);
  }
  to->set_max_create_revision(from.max_create_revision.value);
  to->set_serializable(from.serializable);
  to->set_keys_only(from.keys_only);
}

void Fill(const PutRequest& from, pb::PutRequest* to) {
  to->set_key(from.key);
  to->set_value(from.value);
  to->set_lease(from.lease.value);
}

void Fill(const DeleteRequest& from, pb::DeleteRangeRequest* to) {
  to->set_key(from.key);
  to->set_range_end(from.range_end);
}

void Fill(const Op& from, pb::RequestOp* to) {
  if (const auto* put = std::get_if<PutRequest>(&from))
    return Fill(*put, to->mutable_request_put());
  if (const auto* range = std::get_if<RangeRequest>(&from)) {
    return Fill(*range, to->mutable_request_range());
  }
  Fill(std::get<DeleteRequest>(from), to->mutable_request_delete_range());
}

void Fill(const Compare& from, pb::Compare* to) {
  to->set_key(from.key);
  to->set_result(pb::Compare::EQUAL);
  switch (from.target) {
    case Compare::Target::kCreateRevision:
      to->set_target(pb::Compare::CREATE);
      to->set_create_revision(from.equals);
      break;
    case Compare::Target::kModRevision:
      to->set_target(pb::Compare::MOD);
      to->set_mod_revision(from.equals);
      break;
    case Compare::Target::kVersion:
      to->set_target(pb::Compare::VERSION);
      to->set_version(from.equals);
      break;
  }
}

template <typename From, typename To>
std::string Serialized(const From& from) {
  To message;
  Fill(from, &message);
  return message.SerializeAsString();
}

RangeResponse FromProto(const pb::RangeResponse& from) {
  RangeResponse to{.header = etcd::FromProto(from.header()), .kvs = {}, .more = from.more()};
  to.kvs.reserve(static_cast<size_t>(from.kvs_size()));
  for (const auto& kv : from.kvs()) to.kvs.push_back(FromProto(kv));
  return to;
}

}  // namespace

Result<std::optional<std::string>> NextPage(const RangeResponse& page, std::string_view from,
                                            std::string_view end) {
  const bool no_end = end == std::string_view("\0", 1);
  std::string_view least = from;
  for (const KeyValue& kv : page.kvs) {
    const bool again = &kv != page.kvs.data() && kv.key == least;
    if (kv.key < least || again || (!no_end && kv.key >= end)) {
      return Error{.code = Code::kInternal,
                   .message = "what was listed from key \"" + std::string(from) +
                              "\" was not asked for or is not in order: this is no etcd; look at "
                              "the endpoints"};
    }
    least = kv.key;
  }
  if (!page.more || page.kvs.empty()) return std::optional<std::string>();
  return std::optional(page.kvs.back().key + '\0');
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last < 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');  // all keys from the start on
}

Milliseconds FromSeconds(int64_t seconds) {
  constexpr int64_t kMaxTtl = 9'000'000'000;
  return std::chrono::seconds(std::clamp(seconds, int64_t{-1}, kMaxTtl));
}

bool ParseProto(std::string_view bytes, google::protobuf::MessageLite* message) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return false;
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Revision RevisionFrom(int64_t revision) {
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max() - 1;
  return {std::clamp(revision, int64_t{0}, kLast)};
}

Header FromProto(const pb::ResponseHeader& header) {
  return {header.cluster_id(), header.member_id(), RevisionFrom(header.revision()),
          header.raft_term()};
}

Event FromProto(const mvccpb::Event& event) {
  return {event.type() == mvccpb::Event::PUT ? Event::Kind::kPut : Event::Kind::kDelete,
          FromProto(event.kv())};
}

std::string Encode(const RangeRequest& r) { return Serialized<RangeRequest, pb::RangeRequest>(r); }
std::string Encode(const PutRequest& r) { return Serialized<PutRequest, pb::PutRequest>(r); }
std::string Encode(const DeleteRequest& r) {
  return Serialized<DeleteRequest, pb::DeleteRangeRequest>(r);
}

std::string Encode(const TxnRequest& request) {
  pb::TxnRequest message;
  for (const Compare& compare : request.compares) Fill(compare, message.add_compare());
  for (const Op& op : request.success) Fill(op, message.add_success());
  for (const Op& op : request.failure) Fill(op, message.add_failure());
  return message.SerializeAsString();
}

std::string EncodeLeaseGrant(LeaseId id, Milliseconds ttl) {
  pb::LeaseGrantRequest message;
  message.set_id(id.value);
  message.set_ttl(WholeSeconds(ttl));
  return message.SerializeAsString();
}

std::string EncodeLeaseRevoke(LeaseId id) {
  pb::LeaseRevokeRequest message;
  message.set_id(id.value);
  return message.SerializeAsString();
}

std::string EncodeLeaseTimeToLive(LeaseId id, bool with_keys) {
  pb::LeaseTimeToLiveRequest message;
  message.set_id(id.value);
  message.set_keys(with_keys);
  return message.SerializeAsString();
}

std::string EncodeMemberList() {
  pb::MemberListRequest message;
  message.set_linearizable(true);
  return message.SerializeAsString();
}

std::string EncodeStatus() { return pb::StatusRequest().SerializeAsString(); }

std::string EncodeAuthenticate(const std::string& name, const std::string& password) {
  pb::AuthenticateRequest message;
  message.set_name(name);
  message.set_password(password);
  return message.SerializeAsString();
}

bool Decode(std::string_view bytes, RangeResponse* to) {
  pb::RangeResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = FromProto(message);
  return true;
}

bool Decode(std::string_view bytes, PutResponse* to) {
  pb::PutResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {FromProto(message.header())};
  return true;
}

bool Decode(std::string_view bytes, DeleteResponse* to) {
  pb::DeleteRangeResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {FromProto(message.header()), message.deleted()};
  return true;
}

bool Decode(std::string_view bytes, TxnResponse* to) {
  pb::TxnResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {FromProto(message.header()), message.succeeded(), {}};
  for (const auto& response : message.responses()) {
    if (response.has_response_range()) {
      to->results.emplace_back(FromProto(response.response_range()));
    } else if (response.has_response_delete_range()) {
      to->results.emplace_back(DeleteResult{response.response_delete_range().deleted()});
    } else {
      to->results.emplace_back(PutResult{});
    }
  }
  return true;
}

bool Decode(std::string_view bytes, LeaseGrantResponse* to) {
  pb::LeaseGrantResponse message;
  if (!ParseProto(bytes, &message) || message.id() == 0) return false;
  to->header = FromProto(message.header());
  to->id = {message.id()};
  to->ttl = FromSeconds(message.ttl());
  return true;
}

bool Decode(std::string_view bytes, LeaseRevokeResponse* to) {
  pb::LeaseRevokeResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {FromProto(message.header())};
  return true;
}

bool Decode(std::string_view bytes, LeaseTimeToLiveResponse* to) {
  pb::LeaseTimeToLiveResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {.header = FromProto(message.header()),
         .id = {message.id()},
         .remaining = FromSeconds(message.ttl()),
         .granted = FromSeconds(message.grantedttl()),
         .keys = {message.keys().begin(), message.keys().end()}};
  return true;
}

bool Decode(std::string_view bytes, MemberListResponse* to) {
  pb::MemberListResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {FromProto(message.header()), {}};
  for (const auto& member : message.members()) {
    to->members.push_back({.id = member.id(),
                           .name = member.name(),
                           .peer_urls = {member.peerurls().begin(), member.peerurls().end()},
                           .client_urls = {member.clienturls().begin(), member.clienturls().end()},
                           .is_learner = member.islearner()});
  }
  return true;
}

bool Decode(std::string_view bytes, StatusResponse* to) {
  pb::StatusResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *to = {.header = FromProto(message.header()),
         .version = message.version(),
         .db_size_bytes = message.dbsize(),
         .db_size_in_use_bytes = message.dbsizeinuse(),
         .db_quota_bytes = message.dbsizequota(),
         .leader = message.leader(),
         .raft_index = message.raftindex(),
         .raft_applied_index = message.raftappliedindex(),
         .raft_term = message.raftterm(),
         .is_learner = message.islearner(),
         .errors = {message.errors().begin(), message.errors().end()}};
  return true;
}

bool DecodeAuthenticate(std::string_view bytes, std::string* token) {
  pb::AuthenticateResponse message;
  if (!ParseProto(bytes, &message)) return false;
  *token = message.token();
  return true;
}

}  // namespace bellwether::etcd
