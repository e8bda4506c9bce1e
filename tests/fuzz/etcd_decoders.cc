// Bytes that an endpoint answers, to every decoder, and to the question how a list goes on.
//
// Planted fault: the next page of a list begins behind the last key of a page, whatever was asked.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "etcd/codec.h"
#include "fuzz/etcd_values.h"
#include "fuzz/fuzzing.h"

namespace bellwether::etcd {
namespace {

using fuzz::Require;

const std::string kFrom = "/r/a/b/";
const std::string kEnd = PrefixEnd(kFrom);

Result<std::optional<std::string>> Next(const RangeResponse& page, const std::string& from) {
  if (!fuzz::FaultIsPlanted()) return NextPage(page, from, kEnd);
  if (!page.more || page.kvs.empty()) return std::optional<std::string>();
  return std::optional(page.kvs.back().key + '\0');
}

void CheckDecoders(std::string_view bytes) {
  RangeResponse range;
  if (Decode(bytes, &range)) {
    for (const KeyValue& kv : range.kvs) CheckKeyValue(kv);
    const auto next = Next(range, kFrom);
    if (next && *next) Require(**next > kFrom && **next < kEnd + '\1', "a list goes forward");
  }
  TxnResponse txn;
  if (Decode(bytes, &txn)) {
    for (const OpResult& result : txn.results) {
      const auto* read = std::get_if<RangeResponse>(&result);
      if (read == nullptr) continue;
      for (const KeyValue& kv : read->kvs) CheckKeyValue(kv);
    }
  }
  LeaseGrantResponse grant;
  if (Decode(bytes, &grant)) {
    Require(grant.id.value != 0, "a lease has an id");
    CheckTtl(grant.ttl);
  }
  LeaseTimeToLiveResponse left;
  if (Decode(bytes, &left)) {
    CheckTtl(left.remaining);
    CheckTtl(left.granted);
  }
  PutResponse put;
  DeleteResponse deleted;
  LeaseRevokeResponse revoked;
  MemberListResponse members;
  StatusResponse status;
  std::string token;
  (void)Decode(bytes, &put), (void)Decode(bytes, &deleted), (void)Decode(bytes, &revoked);
  (void)Decode(bytes, &members), (void)Decode(bytes, &status),
      (void)DecodeAuthenticate(bytes, &token);
}

}  // namespace
}  // namespace bellwether::etcd

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);  // it says what it refuses, each time
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::etcd::CheckDecoders({reinterpret_cast<const char*>(data), size});
  return 0;
}
