// Whether this replica's answers are worth asking for, and what people should know although they
// are. Pure.
#pragma once

#include "base/time.h"
#include "election/view.h"
#include "growth/member_status.h"
#include "http/sources.h"

namespace bellwether::app {

// Three checks: "etcd" (a probe was answered, and the watch showed
// a sign of life, within kFreshFor), "elections" (they have been
// listed), "watch" (changes arrive). `status`: what the members said last; null = none was asked
// yet.
http::Readiness Assess(MonotonicTime now, const election::Freshness& freshness,
                       const growth::ClusterStatus* status);

}  // namespace bellwether::app
