// ANY /v1/elections/{ns}/{name}/redirect/{path...}: sends a client on to the leader.
#pragma once

#include "election/view_store.h"
#include "http/router.h"

namespace bellwether::http {

// 307, which keeps method and body, also from a stale view: while etcd is away nobody can take
// over, and X-Bellwether-Stale tells. 503 when nobody leads or the leader has registered no URL
// that can be used, 400 for a path that would leave it.
Response RedirectToLeader(const Call& call, const election::ViewStore& views);

}  // namespace bellwether::http
