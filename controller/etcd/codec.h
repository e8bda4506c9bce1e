// Between the plain values of api.h and etcd's protobuf bytes. Decoders say false for bytes that
// are not such a message.
#pragma once

#include <string>
#include <string_view>

#include "etcd/api.h"

namespace google::protobuf {
class MessageLite;
}
namespace mvccpb {
class Event;
}
namespace etcdserverpb {
class ResponseHeader;
}

namespace bellwether::etcd {

std::string Encode(const RangeRequest& request);
std::string Encode(const PutRequest& request);
std::string Encode(const DeleteRequest& request);
std::string Encode(const TxnRequest& request);
std::string EncodeLeaseGrant(LeaseId id, Milliseconds ttl);
std::string EncodeLeaseRevoke(LeaseId id);
std::string EncodeLeaseTimeToLive(LeaseId id, bool with_keys);
std::string EncodeMemberList();
std::string EncodeStatus();
std::string EncodeAuthenticate(const std::string& name, const std::string& password);

// Each overwrites `to`; false when the bytes make no sense.
bool Decode(std::string_view bytes, RangeResponse* to);
bool Decode(std::string_view bytes, PutResponse* to);
bool Decode(std::string_view bytes, DeleteResponse* to);
bool Decode(std::string_view bytes, TxnResponse* to);
bool Decode(std::string_view bytes, LeaseGrantResponse* to);  // not sent_at
bool Decode(std::string_view bytes, LeaseRevokeResponse* to);
bool Decode(std::string_view bytes, LeaseTimeToLiveResponse* to);
bool Decode(std::string_view bytes, MemberListResponse* to);
bool Decode(std::string_view bytes, StatusResponse* to);
bool DecodeAuthenticate(std::string_view bytes, std::string* token);

bool ParseProto(std::string_view bytes, google::protobuf::MessageLite* message);
// A TTL of the wire. Clamped to what etcd can mean (-1 = no such lease, at most 9e9 s), so that no
// arithmetic overflows.
Milliseconds FromSeconds(int64_t seconds);
// A revision of the wire. Clamped to what etcd can mean, so that there is always a next one.
Revision RevisionFrom(int64_t revision);
Header FromProto(const etcdserverpb::ResponseHeader& header);
Event FromProto(const mvccpb::Event& event);

}  // namespace bellwether::etcd
