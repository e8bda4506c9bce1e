#include "cli/query.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cli/exit_codes.h"
#include "election/name.h"
#include "election/value.h"

namespace bellwether::cli {
namespace {

using Place = etcd::KeyValue;

// More keys than this in one answer are not shown; the last line says so.
constexpr int64_t kMaxKeys = 10000;
// Leases asked about for one queue, so that a foreign crowd does not turn into as many calls.
constexpr size_t kMaxLeases = 200;

int Fail(const char* command, const Error& error, int code) {
  std::fprintf(stderr, "bellwether %s: %s\n", command, error.message.c_str());
  return code;
}

Result<std::string> PrefixFrom(const QueryFlags& flags) {
  if (flags.election.empty() == flags.prefix.empty()) {
    return Error{.code = Code::kInvalid, .message = "give either NS/NAME or --prefix PREFIX"};
  }
  if (!flags.prefix.empty()) {
    if (auto usable = election::CheckPrefix(flags.prefix); !usable) return usable.error();
    return flags.prefix;
  }
  const auto name = election::ParseElectionName(flags.election);
  if (!name) return name.error();
  return election::PrefixOf(flags.root, *name);
}

etcd::RangeRequest PlacesUnder(const std::string& prefix, int64_t limit) {
  const std::string first = prefix + "/";
  return {.key = first,
          .range_end = etcd::PrefixEnd(first),
          .limit = limit,
          .sort = etcd::RangeRequest::Sort::kCreateAscending};
}

// Connects, hands the client to `start` and blocks until one of its callbacks has stopped the loop.
Status Ask(const ConnectionFlags& flags,
           const std::function<void(EventLoop&, etcd::Client&)>& start) {
  EventLoop loop;
  auto connection = Connect(loop, flags);
  if (!connection) return connection.error();
  loop.Post([&] { start(loop, *connection->client); });
  loop.Run();
  connection->client.reset();
  connection->transport.reset();
  return Ok();
}

Result<etcd::RangeResponse> Read(const ConnectionFlags& flags, const etcd::RangeRequest& request) {
  Result<etcd::RangeResponse> read = etcd::RangeResponse{};
  auto asked = Ask(flags, [&](EventLoop& loop, etcd::Client& client) {
    client.Range(request, {}, [&](Result<etcd::RangeResponse> answer) {
      read = std::move(answer);
      loop.Stop();
    });
  });
  if (!asked) return asked.error();
  return read;
}

struct LeaseState {
  bool known = false;  // etcd was asked and answered
  Milliseconds remaining{0};
  Milliseconds granted{0};
};

std::string Remark(const Place& place, const std::string& prefix, const LeaseState& lease) {
  if (!place.lease) return "orphan: no lease, never expires";
  if (lease.known && lease.remaining.count() < 0) return "its lease is gone";
  // Clients renew at a third of the TTL; below half of it two renewals were missed.
  if (lease.known && lease.remaining * 2 < lease.granted) return "orphan: nobody renews its lease";
  if (place.key != prefix + "/" + place.lease.Hex()) return "its name is not its lease";
  return "";
}

// Foreign bytes must not reach the terminal as control characters.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

int Leader(const QueryFlags& flags) {
  const auto prefix = PrefixFrom(flags);
  if (!prefix) return Fail("leader", prefix.error(), kUsage);
  const auto read = Read(flags.connection, PlacesUnder(*prefix, 1));
  if (!read)
    return Fail("leader", read.error(), read.error().code == Code::kInvalid ? kUsage : kUnknown);
  if (read->kvs.empty()) {
    std::fprintf(stderr, "bellwether leader: nobody leads %s\n", prefix->c_str());
    return kNoLeader;
  }
  const Place& leader = read->kvs.front();
  std::printf("%s\n", Printable(election::DescribeValue(leader.value, leader.lease).id).c_str());
  return kOk;
}

int Queue(const QueryFlags& flags) {
  const auto prefix = PrefixFrom(flags);
  if (!prefix) return Fail("queue", prefix.error(), kUsage);
  Result<etcd::RangeResponse> read = etcd::RangeResponse{};
  std::map<LeaseId, LeaseState> leases;
  const auto asked = Ask(flags.connection, [&](EventLoop& loop, etcd::Client& client) {
    client.Range(PlacesUnder(*prefix, kMaxKeys), {}, [&](Result<etcd::RangeResponse> answer) {
      read = std::move(answer);
      if (read) {
        for (const Place& place : read->kvs) {
          if (place.lease && leases.size() < kMaxLeases) leases[place.lease];
        }
      }
      if (leases.empty()) return loop.Stop();
      auto waiting = std::make_shared<size_t>(leases.size());
      for (auto& [id, state] : leases) {
        client.LeaseTimeToLive(id, false, {}, [&loop, &slot = state, waiting](const auto& told) {
          if (told) slot = {true, told->remaining, told->granted};
          if (--*waiting == 0) loop.Stop();
        });
      }
    });
  });
  if (!asked) return Fail("queue", asked.error(), kUsage);
  if (!read) return Fail("queue", read.error(), kFailed);
  std::printf("%-5s %-24s %-18s %-10s %-8s %-8s %s\n", "PLACE", "ID", "LEASE", "TOKEN", "TTL",
              "KIND", "REMARK");
  int place_number = 0;
  for (const Place& place : read->kvs) {
    const auto described = election::DescribeValue(place.value, place.lease);
    const LeaseState& lease = leases[place.lease];
    const std::string ttl =
        lease.known ? std::to_string(std::max<int64_t>(0, lease.remaining.count() / 1000)) + "s"
                    : "-";
    std::printf("%-5d %-24s %-18s %-10lld %-8s %-8s %s\n", ++place_number,
                Printable(described.id).c_str(), place.lease ? place.lease.Hex().c_str() : "-",
                static_cast<long long>(place.create_revision.value), ttl.c_str(),
                described.ours ? "own" : "foreign", Remark(place, *prefix, lease).c_str());
  }
  if (read->more)
    std::fprintf(stderr, "bellwether queue: only the first %lld places are shown\n",
                 static_cast<long long>(kMaxKeys));
  return kOk;
}

int Get(const QueryFlags& flags) {
  if (auto usable = election::CheckPrefix(flags.root); !usable)
    return Fail("get", usable.error(), kUsage);
  const auto read = Read(flags.connection, PlacesUnder(flags.root, kMaxKeys));
  if (!read)
    return Fail("get", read.error(), read.error().code == Code::kInvalid ? kUsage : kFailed);
  struct Row {
    std::string leader;
    int64_t token = 0;
    int candidates = 0;
  };
  std::map<std::string, Row> rows;
  for (const Place& place : read->kvs) {
    const std::string rest = place.key.substr(flags.root.size() + 1);
    const size_t slash = rest.rfind('/');
    const auto name = election::ParseElectionName(rest.substr(0, slash));
    if (slash == std::string::npos || !name) continue;  // not an election's key
    Row& row = rows[name->str()];
    if (row.candidates++ > 0) continue;
    row.leader = Printable(election::DescribeValue(place.value, place.lease).id);
    row.token = place.create_revision.value;
  }
  std::printf("%-32s %-24s %-10s %s\n", "ELECTION", "LEADER", "TOKEN", "CANDIDATES");
  for (const auto& [name, row] : rows) {
    std::printf("%-32s %-24s %-10lld %d\n", name.c_str(), row.leader.c_str(),
                static_cast<long long>(row.token), row.candidates);
  }
  if (read->more)
    std::fprintf(stderr, "bellwether get: only the first %lld places were read\n",
                 static_cast<long long>(kMaxKeys));
  return kOk;
}

}  // namespace bellwether::cli
