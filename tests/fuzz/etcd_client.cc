// What an etcd that is none may say: records of a kind, two bytes of length and bytes.
//   u   the answer to the next read; empty: it is lost
//   w   on each watch stream             k   on each stream of keepalives
//   e   the watch streams end            t   so many tenths of a second pass as the first byte says
// The real client stands on it, with an observer of a root, a watch and a lease: nothing is told
// twice or after the end, views hold together, and lists do not go on for ever.
//
// Planted fault: no watch is believed ever to be lost.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "base/log.h"
#include "election/observer.h"
#include "election/view_store.h"
#include "etcd/client.h"
#include "etcd/rpc.pb.h"
#include "fuzz/etcd_values.h"
#include "fuzz/fuzzing.h"
#include "support/scripted_transport.h"

namespace bellwether::etcd {
namespace {

using fuzz::Require;

constexpr uint64_t kMostSteps = 200000;
constexpr size_t kMostRecords = 64;
// --- Answers to the client

class Watching final : public WatchHandler {
 public:
  explicit Watching(Revision from) : next_(from) {}

 private:
  void OnWatchEvents(const WatchBatch& batch) override {
    Require(!lost_ && !batch.events.empty(), "events of a watch that lives");
    Revision newest = next_;
    for (const Event& event : batch.events) {
      CheckKeyValue(event.kv);
      Require(event.kv.mod_revision >= next_, "each revision is told once");
      newest = std::max(newest, event.kv.mod_revision.Next());
    }
    next_ = newest;
  }
  void OnWatchProgress(const Header& header) override {
    Require(!lost_ && header.revision < next_, "no progress beyond what was told");
  }
  void OnWatchInterrupted(const Error& why) override {
    Require(!lost_ && !why.message.empty(), "an interruption has a reason");
  }
  void OnWatchLost(const Error& why) override {
    Require(!lost_ && !why.message.empty(), "a watch is lost once, with a reason");
    Require(!fuzz::FaultIsPlanted(), "no watch is lost");
    lost_ = true;
  }

  Revision next_;
  bool lost_ = false;
};

class Leasing final : public LeaseHandler {
 private:
  void OnLeaseRenewed(MonotonicTime, Milliseconds ttl) override {
    Require(!gone_ && ttl > Milliseconds(0), "a renewed lease lives");
    CheckTtl(ttl);
  }
  void OnLeaseGone() override {
    Require(!gone_, "a lease is gone once");
    gone_ = true;
  }
  bool gone_ = false;
};

void CheckViews(const election::ViewStore& views) {
  for (const election::ElectionPtr& view : views.List("", "", 0)) {
    const auto before = [](const auto& a, const auto& b) {
      return std::tie(a.create_revision, a.key) < std::tie(b.create_revision, b.key);
    };
    Require(std::is_sorted(view->queue.begin(), view->queue.end(), before), "queues are in order");
    for (const election::CandidateView& candidate : view->queue) {
      Require(candidate.key.starts_with(view->prefix + "/"), "a candidate stands in its election");
    }
  }
}

class Session {
 public:
  Session() {
    // What is not planned is answered as an etcd with nothing in it does, so that streams stay
    // open.
    nothing_.mutable_header()->set_cluster_id(1);
    nothing_.mutable_header()->set_revision(9);
    transport_.answer = [this](const ScriptedTransport::Call& call) {
      if (!call.method.ends_with("/Range")) return ScriptedTransport::Answer{};
      if (answers_.empty()) return ScriptedTransport::Answer{{}, nothing_.SerializeAsString()};
      std::string bytes = std::move(answers_.front());
      answers_.pop_front();
      if (bytes.empty()) return ScriptedTransport::Answer{{RpcCode::kUnavailable, "gone"}, {}};
      return ScriptedTransport::Answer{{}, std::move(bytes)};
    };
    observer_.Start();
  }

  void Answer(std::string_view bytes) { answers_.emplace_back(bytes); }
  // To all streams of this kind that are open.
  void Tell(std::string_view kind, std::string_view bytes) {
    Pass(Milliseconds(1));
    for (size_t i = 0; i < transport_.streams.size(); ++i) {
      const auto stream = transport_.streams[i];
      if (stream->sink != nullptr && stream->method.ends_with(kind)) {
        stream->sink->OnStreamMessage(bytes);
      }
    }
  }
  void EndWatches(std::string_view words) {
    for (size_t i = 0; i < transport_.streams.size(); ++i) {
      const auto stream = transport_.streams[i];
      if (stream->sink != nullptr && stream->method.ends_with("/Watch")) {
        stream->sink->OnStreamEnd({RpcCode::kUnavailable, std::string(words)});
      }
    }
  }
  void Pass(Milliseconds time) {
    const auto end = time_.world.now() + time;
    time_.world.RunUntil(end, [this] {
      Require(time_.world.steps() < kMostSteps, "nothing is tried again and again without a rest");
      return false;
    });
    CheckViews(views_);
  }

 private:
  SimulatedTime time_;
  ScriptedTransport transport_{time_.scheduler, 2};
  etcdserverpb::RangeResponse nothing_;
  std::deque<std::string> answers_;
  Client client_{time_.scheduler, transport_, {.seed = 1}};
  election::ViewStore views_;
  election::Observer observer_{time_.scheduler,
                               client_,
                               {.root = "/r", .prefixes = {{{"x", "y"}, "/p"}}, .seed = 1},
                               views_};
  Watching watching_{Revision{10}};
  std::unique_ptr<Watch> watch_ =
      client_.Watch({.key = "/r/a/b/1", .from = Revision{10}}, &watching_);
  Leasing leasing_;
  std::unique_ptr<KeptLease> lease_ = client_.KeepAlive(LeaseId{7}, Milliseconds(15000), &leasing_);
};

void Check(std::string_view input) {
  Session session;
  for (size_t records = 0; input.size() >= 3 && records < kMostRecords; ++records) {
    const char kind = input[0];
    const size_t size =
        size_t{static_cast<unsigned char>(input[1])} << 8 | static_cast<unsigned char>(input[2]);
    const std::string_view bytes = input.substr(3, size);
    input.remove_prefix(3 + bytes.size());
    if (kind == 'u') session.Answer(bytes);
    if (kind == 'w') session.Tell("/Watch", bytes);
    if (kind == 'k') session.Tell("/LeaseKeepAlive", bytes);
    if (kind == 'e') session.EndWatches(bytes);
    if (kind == 't' && !bytes.empty()) {
      session.Pass(Milliseconds(100) * static_cast<unsigned char>(bytes[0]));
    }
  }
  session.Pass(Milliseconds(3000));
}

}  // namespace
}  // namespace bellwether::etcd

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);  // it says what it refuses, each time
  using bellwether::log::Format;
  using bellwether::log::Level;
  bellwether::log::Configure(Level::kOff, Format::kText);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::etcd::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
