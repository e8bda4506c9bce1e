// What every decoded answer of etcd must be, whatever was sent.
#pragma once

#include <limits>

#include "etcd/api.h"
#include "fuzz/fuzzing.h"

namespace bellwether::etcd {

inline void CheckKeyValue(const KeyValue& kv) {
  for (const Revision revision : {kv.create_revision, kv.mod_revision}) {
    fuzz::Require(revision.value >= 0 && revision.value < std::numeric_limits<int64_t>::max(),
                  "a revision has a next one");
  }
}

inline void CheckTtl(Milliseconds ttl) {
  fuzz::Require(ttl >= Milliseconds(-1000) && ttl <= Milliseconds(9'000'000'000'000),
                "a TTL can be reckoned with");
}

}  // namespace bellwether::etcd
