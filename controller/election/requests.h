// The requests of an election, exactly as etcd's Go `concurrency` package makes them (checklist:
// key layout, compares, filters), so that all clients stand in one queue.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "etcd/api.h"

namespace bellwether::election {

// "<prefix>/<lease in unpadded lower-case hex>"
std::string KeyOf(std::string_view prefix, LeaseId lease);

// If CREATE(key) = 0 Then Put(key, value, lease) Else Get(key): a repeat under the same lease keeps
// the place.
etcd::TxnRequest JoinTxn(const std::string& key, std::string value, LeaseId lease);
etcd::RangeRequest OwnRange(const std::string& key);
// The newest key of the election that is older than ours: create_revision below `own`, whatever its
// name.
etcd::RangeRequest AheadRange(std::string_view prefix, Revision own);
// AheadRange under the condition that our own key still is what it was, in one read: nobody ahead
// of a key that does not exist any more is not leadership (etcd issue 19597). Has no write in
// either branch, so it adds no raft entry.
etcd::TxnRequest AheadTxn(std::string_view prefix, const std::string& key, Revision own);
// Guarded by CREATE(key) = own, so that a repeat or a late one never removes a newer place.
etcd::TxnRequest LeaveTxn(const std::string& key, Revision own);
etcd::TxnRequest ProclaimTxn(const std::string& key, std::string value, LeaseId lease,
                             Revision own);

}  // namespace bellwether::election
