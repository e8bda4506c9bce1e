#include "app/leader_read.h"

#include <utility>

#include "election/candidate_view.h"

namespace bellwether::app {

void ReadLeader(etcd::Client& client, const std::string& prefix, Milliseconds timeout,
                http::LinearizableCallback done) {
  const etcd::CallOptions for_leader{.timeout = timeout * 2 / 3};
  const etcd::CallOptions for_lease{.timeout = timeout - for_leader.timeout};
  const std::string first = prefix + "/";
  const WallTime asked_at = std::chrono::system_clock::now();
  client.Range(
      {.key = first,
       .range_end = etcd::PrefixEnd(first),
       .limit = 1,
       .sort = etcd::RangeRequest::Sort::kCreateAscending},
      for_leader,
      [&client, asked_at, for_lease, done = std::move(done)](Result<etcd::RangeResponse> read) {
        if (!read) return done(read.error());
        http::LinearizableLeader told{.revision = read->header.revision, .asked_at = asked_at};
        if (read->kvs.empty()) return done(std::move(told));
        told.leader = election::DescribeCandidate(read->kvs.front());
        const LeaseId lease = told.leader->lease;
        if (!lease) return done(std::move(told));
        client.LeaseTimeToLive(
            lease, false, for_lease,
            [told = std::move(told), done](const Result<etcd::LeaseTimeToLiveResponse>& left) {
              http::LinearizableLeader answer = told;
              if (left && left->remaining.count() >= 0) answer.lease_ttl = left->remaining;
              done(std::move(answer));
            });
      });
}

}  // namespace bellwether::app
