#include "support/sim_network.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bellwether::sim {
namespace {

using namespace std::chrono_literals;
using etcd::RpcCode;
using etcd::RpcStatus;

// With data under way TCP gives up after 3 s, without any HTTP/2 pings do after 13 s
// (GrpcTransportOptions).
constexpr Nanoseconds kPatienceLeast = 3s;
constexpr Nanoseconds kPatienceMost = 13s;
// After a refused connection gRPC fails every call for so long, without a try (grpc_channels.cc).
constexpr Nanoseconds kReconnectPause = 300ms;
constexpr Nanoseconds kLate = 100ms;

const RpcStatus kRefused{RpcCode::kUnavailable, "failed to connect: connection refused", true};

}  // namespace

struct SimTransport::Link {
  LinkConditions conditions;
  uint64_t cut_number = 0;
  std::vector<std::function<void()>> held;  // calls that wait for the cut to heal
  // streams of which a message waits; nobody else may know them any more
  std::vector<std::shared_ptr<Pipe>> held_pipes;
  std::map<uint64_t, std::shared_ptr<Call>> calls;
  std::map<uint64_t, std::weak_ptr<Pipe>> pipes;
  uint64_t last = 0;
  Time refused_until{};
  uint64_t newest_arrived[2] = {0, 0};  // of calls, by direction
  // with its process: a cut does not heal any more, so nothing is held for that (it would hold the
  // link)
  bool ended = false;
  bool Refuses(const World& world, const SimEtcd& etcd, size_t member) {
    if (world.now() < refused_until) return true;
    if (etcd.up(member)) return false;
    refused_until = world.now() + kReconnectPause;
    return true;
  }
  bool CutFor(Way way) const { return way == Way::kUp ? conditions.up_cut : conditions.down_cut; }
};

struct SimTransport::Call {
  SimScheduler* scheduler;
  UnaryDone done;  // empty once answered
  std::shared_ptr<Link> link;
  uint64_t number = 0;
  Scheduler::TimerId timer;
};

// Both directions of one stream. Lives on while messages are under way.
class SimTransport::Pipe final : public SimEtcd::StreamOut,
                                 public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(World& world, SimScheduler& scheduler, SimEtcd& etcd, std::shared_ptr<Link> link,
       etcd::StreamSink* sink)
      : world_(world), scheduler_(&scheduler), etcd_(etcd), link_(std::move(link)), sink_(sink) {}

  void Connect(const SimEtcd::From& from, const std::string& method) {
    Push(Way::kUp, [this, from, method] {
      if (link_->Refuses(world_, etcd_, from.member)) return Fail(kRefused);
      member_ = from.member;
      server_ = etcd_.Open(from, method, this);
    });
  }

  void Write(std::string bytes) {
    world_.Note(bytes);
    Push(Way::kUp, [this, bytes = std::move(bytes)] {
      if (server_ && etcd_.up(member_)) server_->Receive(bytes);
    });
  }

  // The client has dropped it; what it wrote before still arrives, in order, or not at all.
  void CloseByClient() {
    sink_ = nullptr;
    if (broken_) return;
    Push(Way::kUp, [this] { server_.reset(); });
  }

  // Both sides see a reset connection; the server a bit later.
  void Fail(const RpcStatus& status) {
    if (std::exchange(broken_, true)) return;
    TellEnd(status);
    const Nanoseconds later = world_.Between(0ms, 50ms);
    world_.After(later, [self = shared_from_this()] { self->server_.reset(); });
  }

  void Send(std::string bytes) override {
    world_.Note(bytes);
    Push(Way::kDown, [this, bytes = std::move(bytes)] {
      if (broken_ || !sink_) return;
      scheduler_->Post([self = shared_from_this(), bytes] {
        if (self->sink_) self->sink_->OnStreamMessage(bytes);
      });
    });
  }
  void End(RpcStatus status) override {
    Push(Way::kDown, [this, status = std::move(status)] {
      if (!std::exchange(broken_, true)) TellEnd(status);
    });
  }

  void Stall() { stalled_ = true; }

  void Heal() {
    Flush(Way::kUp);
    Flush(Way::kDown);
  }

 private:
  struct Lane {
    std::deque<std::function<void()>> queue;  // sent, not arrived
    Time last_arrival{};
    bool held = false;
  };
  Lane& lane(Way way) { return way == Way::kUp ? up_ : down_; }

  void Push(Way way, std::function<void()> arrive) {
    Lane& l = lane(way);
    if (world_.random().Below(1000) < link_->conditions.loss_per_mille) {
      world_.Count("message of a stream lost");
      // TCP would send it again; what cannot be sent breaks the connection.
      world_.After(world_.Between(0ms, 500ms), [self = shared_from_this()] {
        self->Fail({RpcCode::kUnavailable, "connection reset by peer"});
      });
    }
    l.queue.push_back(std::move(arrive));
    l.last_arrival = std::max(l.last_arrival, world_.now() + Delay(world_, *link_, way));
    world_.At(l.last_arrival, [self = shared_from_this(), way] { self->Arrive(way); });
  }

  // Events of the same time may run in any order, but the lane's order is kept: each takes the
  // front.
  void Arrive(Way way) {
    Lane& l = lane(way);
    if (stalled_ && way == Way::kDown) return world_.Count("message of a stalled stream");
    if (l.held || link_->CutFor(way)) {
      if (link_->ended) return;
      world_.Count("message held up by a cut");
      if (!std::exchange(l.held, true)) link_->held_pipes.push_back(shared_from_this());
      ++owed_[static_cast<size_t>(way)];
      return;
    }
    Pop(l);
  }

  void Flush(Way way) {
    Lane& l = lane(way);
    l.held = false;
    size_t& owed = owed_[static_cast<size_t>(way)];
    for (size_t n = std::exchange(owed, 0); n > 0; --n) Pop(l);
  }

  static void Pop(Lane& l) {
    if (l.queue.empty()) return;
    const auto arrive = std::move(l.queue.front());
    l.queue.pop_front();
    arrive();
  }

  void TellEnd(const RpcStatus& status) {
    if (!sink_) return;
    scheduler_->Post([self = shared_from_this(), status] {
      if (etcd::StreamSink* sink = std::exchange(self->sink_, nullptr)) sink->OnStreamEnd(status);
    });
  }

  World& world_;
  SimScheduler* const scheduler_;
  SimEtcd& etcd_;
  const std::shared_ptr<Link> link_;
  etcd::StreamSink* sink_;  // null once the client has gone
  std::unique_ptr<SimEtcd::ServerStream> server_;
  size_t member_ = 0;
  bool broken_ = false;
  bool stalled_ = false;
  Lane up_, down_;
  size_t owed_[2] = {0, 0};
};

class SimTransport::ClientStream final : public etcd::Stream {
 public:
  explicit ClientStream(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  ~ClientStream() override { pipe_->CloseByClient(); }
  void Write(std::string bytes) override { pipe_->Write(std::move(bytes)); }

 private:
  const std::shared_ptr<Pipe> pipe_;
};

SimTransport::SimTransport(World& world, SimScheduler& scheduler, SimEtcd& etcd, int client)
    : world_(world), scheduler_(scheduler), etcd_(etcd), client_(client) {
  for (size_t m = 0; m < etcd.member_count(); ++m) {
    names_.push_back("http://etcd-" + std::to_string(m) + ":2379");
    links_.push_back(std::make_shared<Link>());
  }
}

SimTransport::~SimTransport() {
  for (const auto& link : links_) {
    for (auto& [number, call] : link->calls) call->done = nullptr;
    link->calls.clear();
    link->held.clear();
    link->held_pipes.clear();
    link->ended = true;
  }
}

const LinkConditions& SimTransport::link(size_t member) const { return links_[member]->conditions; }

Nanoseconds SimTransport::Delay(World& world, const Link& link, Way way) {
  const Nanoseconds usual = way == Way::kUp ? link.conditions.up_delay : link.conditions.down_delay;
  return link.conditions.steady ? usual : world.Between(usual / 2, usual * 2);
}

void SimTransport::Carry(World& world, const std::shared_ptr<Link>& link, Way way,
                         std::function<void()> arrive) {
  if (world.random().Below(1000) < link->conditions.loss_per_mille) {
    return world.Count(way == Way::kUp ? "request lost" : "answer lost");
  }
  const bool repeat =
      way == Way::kUp && world.random().Below(1000) < link->conditions.repeat_per_mille;
  if (repeat) {
    world.Count("request repeated");
    world.After(Delay(world, *link, way) + world.Between(0ms, 2s), arrive);
  }
  const Nanoseconds delay = Delay(world, *link, way);
  if (delay > kLate) world.Count("message late");
  world.After(delay, [&world, link, way, number = ++link->last, arrive = std::move(arrive)] {
    uint64_t& newest = link->newest_arrived[static_cast<size_t>(way)];
    if (number < newest) world.Count("message overtaken by a later one");
    newest = std::max(newest, number);
    if (!link->CutFor(way)) return arrive();
    world.Count("message held up by a cut");
    if (!link->ended) link->held.push_back(arrive);
  });
}

void SimTransport::Finish(const std::shared_ptr<Call>& call, RpcStatus status, std::string bytes) {
  if (!call->done) return;
  call->scheduler->Cancel(call->timer);
  call->link->calls.erase(call->number);
  auto done = std::exchange(call->done, nullptr);
  // The transport may be destroyed before this runs, together with everything that `done` refers
  // to.
  call->scheduler->Post([done = std::move(done), status = std::move(status),
                         bytes = std::move(bytes)]() mutable { done(status, std::move(bytes)); });
}

void SimTransport::Unary(const std::string& method, std::string request,
                         const etcd::RpcOptions& options, UnaryDone done) {
  const std::shared_ptr<Link>& link = links_[options.endpoint];
  auto call = std::make_shared<Call>();
  call->scheduler = &scheduler_;
  call->done = std::move(done);
  call->link = link;
  call->number = ++link->last;
  link->calls.emplace(call->number, call);
  call->timer = scheduler_.At(scheduler_.Now() + options.timeout, [call] {
    Finish(call, {RpcCode::kDeadlineExceeded, "Deadline Exceeded"}, {});
  });
  const SimEtcd::From from{client_, options.endpoint, options.token, options.has_leader};
  world_.Note(request);
  Carry(world_, link, Way::kUp,
        [&world = world_, &etcd = etcd_, link, call, from, method, request = std::move(request)] {
          const auto reply = [&world, link, call](RpcStatus status, std::string bytes) {
            world.Note(bytes);
            Carry(world, link, Way::kDown, [&world, call, status, bytes] {
              if (!call->done) world.Count("answer after its caller gave up");
              Finish(call, status, bytes);
            });
          };
          if (link->Refuses(world, etcd, from.member)) return reply(kRefused, {});
          etcd.Unary(from, method, request, reply);
        });
}

std::unique_ptr<etcd::Stream> SimTransport::Open(const std::string& method,
                                                 const etcd::RpcOptions& options,
                                                 etcd::StreamSink* sink) {
  const std::shared_ptr<Link>& link = links_[options.endpoint];
  std::erase_if(link->pipes, [](const auto& p) { return p.second.expired(); });
  auto pipe = std::make_shared<Pipe>(world_, scheduler_, etcd_, link, sink);
  link->pipes.emplace(++link->last, pipe);
  pipe->Connect({client_, options.endpoint, options.token, options.has_leader}, method);
  return std::make_unique<ClientStream>(std::move(pipe));
}

void SimTransport::SetLink(size_t member, const LinkConditions& conditions) {
  const std::shared_ptr<Link>& link = links_[member];
  const bool was_cut = link->conditions.up_cut || link->conditions.down_cut;
  link->conditions = conditions;
  const bool is_cut = conditions.up_cut || conditions.down_cut;
  if (is_cut && !was_cut) {
    // Either direction is enough: without answers the connection is given up too.
    world_.After(world_.Between(kPatienceLeast, kPatienceMost),
                 [weak = std::weak_ptr(link), number = ++link->cut_number] {
                   const auto l = weak.lock();
                   if (!l || l->cut_number != number) return;
                   const auto pipes = l->pipes;
                   for (const auto& [key, pipe] : pipes) {
                     if (const auto p = pipe.lock()) {
                       p->Fail({RpcCode::kUnavailable, "keepalive watchdog timeout"});
                     }
                   }
                 });
  }
  if (is_cut) return;
  ++link->cut_number;
  // Half of what was held up has been lost with its connection.
  for (const auto& arrive : std::exchange(link->held, {})) {
    if (world_.random().OneIn(2)) world_.After(world_.Between(0ms, 100ms), arrive);
  }
  for (const auto& pipe : std::exchange(link->held_pipes, {})) pipe->Heal();
}

void SimTransport::StallStreams(size_t member) {
  for (const auto& [number, pipe] : links_[member]->pipes) {
    if (const auto p = pipe.lock()) p->Stall();
  }
}

void SimTransport::BreakConnections(size_t member) {
  const std::shared_ptr<Link>& link = links_[member];
  const RpcStatus reset{RpcCode::kUnavailable, "connection reset by peer"};
  world_.Count("connections reset");
  const auto calls = link->calls;
  for (const auto& [number, call] : calls) Finish(call, reset, {});
  const auto pipes = link->pipes;
  for (const auto& [number, pipe] : pipes) {
    if (const auto p = pipe.lock()) p->Fail(reset);
  }
}

}  // namespace bellwether::sim
