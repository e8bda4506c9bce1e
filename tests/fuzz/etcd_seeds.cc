// etcd_seeds FOLDER: writes what the fuzzers of etcd's answers begin with, a few good answers: into
// decoders/ each by itself, into client/ as tests/fuzz/etcd_client.cc reads them.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "etcd/rpc.pb.h"

namespace {

namespace pb = etcdserverpb;

void Fill(pb::ResponseHeader* header, int64_t revision) {
  header->set_cluster_id(1);
  header->set_revision(revision);
}

void Fill(mvccpb::KeyValue* kv, const std::string& key, int64_t revision) {
  kv->set_key(key);
  kv->set_value("v");
  kv->set_create_revision(revision);
  kv->set_mod_revision(revision);
  kv->set_version(1);
  kv->set_lease(0x1f);
}

pb::RangeResponse Page(const std::string& key, bool more) {
  pb::RangeResponse page;
  Fill(page.mutable_header(), 9);
  Fill(page.add_kvs(), key, 5);
  page.set_more(more);
  return page;
}

pb::WatchResponse Created(int64_t id) {
  pb::WatchResponse created;
  Fill(created.mutable_header(), 9);
  created.set_watch_id(id);
  created.set_created(true);
  return created;
}

pb::WatchResponse Events(int64_t id, int64_t revision, bool fragment) {
  pb::WatchResponse told;
  Fill(told.mutable_header(), revision);
  told.set_watch_id(id);
  auto* put = told.add_events();
  Fill(put->mutable_kv(), "/r/a/b/2", revision);
  auto* gone = told.add_events();
  gone->set_type(mvccpb::Event::DELETE);
  gone->mutable_kv()->set_key("/r/a/b/1");
  gone->mutable_kv()->set_mod_revision(revision);
  told.set_fragment(fragment);
  return told;
}

pb::WatchResponse Cancelled(int64_t id, const std::string& why, int64_t compacted) {
  pb::WatchResponse cancelled;
  cancelled.set_watch_id(id);
  cancelled.set_canceled(true);
  cancelled.set_cancel_reason(why);
  cancelled.set_compact_revision(compacted);
  return cancelled;
}

// KIND, two bytes of length, bytes.
template <typename Message>
std::string Framed(char kind, const Message& message) {
  const std::string bytes = message.SerializeAsString();
  const auto size = bytes.size();
  return std::string{kind, static_cast<char>(size >> 8), static_cast<char>(size & 0xff)} + bytes;
}

// Time passes: so many tenths of a second.
std::string Pass(char tenths) { return std::string{'t', '\0', '\1', tenths}; }
// The watch stream ends.
std::string End() { return std::string{'e', '\0', '\0'}; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("etcd_seeds FOLDER\n", stderr);
    return 2;
  }
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream file(std::string(argv[1]) + "/" + name, std::ios::binary);
    file << bytes;
    if (!file.flush()) {
      std::fprintf(stderr, "etcd_seeds: cannot write %s/%s\n", argv[1], name.c_str());
      std::exit(1);
    }
  };
  const std::string page = Framed('u', Page("/r/a/b/1", false));
  const std::string created = Framed('w', Created(1));
  write("client/listed_and_watched", page + created + Framed('w', Events(1, 10, false)) +
                                         Framed('w', Events(1, 11, true)) +
                                         Framed('w', Events(1, 11, false)));
  write("client/two_pages", Framed('u', Page("/r/a/b/1", true)) +
                                Framed('u', Page("/r/a/b/2", false)) + created + Pass(8));
  write("client/compacted", page + created + Framed('w', Cancelled(2, "compacted", 50)) + page);
  write("client/no_leader",
        page + created + Framed('w', Cancelled(1, "etcdserver: no leader", 0)) + End() + Pass(20));
  write("client/denied", page + Framed('w', Cancelled(-1, "etcdserver: permission denied", 0)));
  pb::LeaseGrantResponse grant;
  grant.set_id(7), grant.set_ttl(15);
  write("decoders/grant", grant.SerializeAsString());
  pb::LeaseTimeToLiveResponse left;
  left.set_id(7), left.set_ttl(-1), left.set_grantedttl(15), left.add_keys("/r/a/b/1");
  write("decoders/time_to_live", left.SerializeAsString());
  pb::StatusResponse status;
  Fill(status.mutable_header(), 9);
  status.set_version("3.5.8"), status.set_dbsize(1 << 20), status.add_errors("NOSPACE");
  write("decoders/status", status.SerializeAsString());
  write("decoders/page", Page("/r/a/b/1", true).SerializeAsString());
  pb::TxnResponse txn;
  txn.set_succeeded(true);
  *txn.add_responses()->mutable_response_range() = Page("/r/a/b/1", false);
  write("decoders/txn", txn.SerializeAsString());
  pb::LeaseKeepAliveResponse alive;
  alive.set_id(7), alive.set_ttl(15);
  write("client/keepalive", page + Framed('k', alive) + Pass(60) + Framed('k', alive));
}
