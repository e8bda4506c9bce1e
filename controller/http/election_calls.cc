// GET /v1/elections/{ns}/{name} and …/leader. The list is in list_call.cc.
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "http/answers.h"
#include "http/blocking_call.h"
#include "http/calls.h"
#include "http/common_answers.h"
#include "http/election_call.h"
#include "http/etag.h"
#include "http/health_call.h"
#include "http/history_call.h"
#include "http/list_call.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/redirect_call.h"
#include "http/stream_call.h"

namespace bellwether::http {
namespace {

using election::CandidateView;
using election::ElectionName;
using election::ElectionPtr;
using election::Freshness;

const std::vector<std::string_view> kJsonOnly = {kJson};
const std::vector<std::string_view> kLeaderTypes = {kJson, kText, kEventStream};

// The id alone, one line; nothing when nobody leads.
std::string LeaderLine(const CandidateView* leader) {
  return leader != nullptr ? leader->id + "\n" : std::string();
}

Response LocalLeader(std::string_view type, const std::string& if_none_match,
                     const Sources& sources, const ElectionName& name, const Freshness& freshness,
                     MonotonicTime now) {
  const ElectionPtr view = sources.views.Find(name.ns, name.name);
  if (!freshness.loaded || view == nullptr) return UnknownElection(name, freshness);
  const CandidateView* leader = view->leader();
  std::string etag = LeaderEtag(leader, {.content_type = type,
                                         .stale = !freshness.FreshAt(now),
                                         .tokens_invalid = freshness.tokens_invalid});
  Response response;
  if (EtagMatches(if_none_match, etag)) {
    response = {.status = 304, .headers = {{"Cache-Control", "no-cache"}}};
  } else {
    response = type == kText ? TextOk(LeaderLine(leader))
                             : JsonOk(Dump(LeaderAnswer(*view, freshness, now)));
  }
  response.headers.push_back({"ETag", std::move(etag)});
  response.headers.push_back({"Vary", "Accept"});
  response.headers.push_back(StaleHeader(freshness, now));
  response.headers.push_back(IndexHeader(view.get(), freshness));
  AddTokenHeader(response, leader);
  return response;
}

Response CannotAsk(const ElectionName& name, const Error& error) {
  return ToResponse(
      {.type = kEtcdUnavailable,
       .detail = "etcd could not be asked who leads " + name.str() + ": " + error.message,
       .next = "Try again, or leave out consistency=linearizable for what this "
               "replica knows, marked stale when it is.",
       .retry_after = error.retry_after.value_or(Milliseconds(1000))});
}

Response LinearizableResponse(std::string_view type, const ElectionName& name,
                              const ElectionPtr& view, const Freshness& freshness,
                              const Result<LinearizableLeader>& read) {
  if (!read) return CannotAsk(name, read.error());
  const CandidateView* leader = read->leader ? &*read->leader : nullptr;
  if (leader == nullptr && view == nullptr) return UnknownElection(name, freshness);
  Response response = type == kText
                          ? TextOk(LeaderLine(leader))
                          : JsonOk(Dump(LinearizableAnswer(name, view.get(), freshness, *read)));
  // Who asks for this wants etcd's word of this moment, not a cached one.
  response.headers = {
      {"Cache-Control", "no-store"}, {"Vary", "Accept"}, {"X-Bellwether-Stale", "false"}};
  AddTokenHeader(response, leader);
  return response;
}

// Counts the reads under way; a read counts until its callback is gone, called or not.
class Reads {
 public:
  explicit Reads(MostReads most) : most_(std::move(most)) {}

  // Null when there are too many.
  std::shared_ptr<void> Start() {
    if (under_way_->fetch_add(1) >= most_()) {
      under_way_->fetch_sub(1);
      return nullptr;
    }
    return {this, [under_way = under_way_](void*) { under_way->fetch_sub(1); }};
  }

 private:
  const MostReads most_;
  const std::shared_ptr<std::atomic<size_t>> under_way_ = std::make_shared<std::atomic<size_t>>(0);
};

std::optional<Response> AskEtcd(const Call& call, std::string_view type, const Sources& sources,
                                const ElectionName& name, Reads& reads) {
  std::shared_ptr<void> slot = reads.Start();
  if (slot == nullptr) {
    return ToResponse({.type = kOverloaded,
                       .detail = "Too many linearizable reads are under way.",
                       .next = "Try again in a second, or leave out consistency=linearizable.",
                       .retry_after = Milliseconds(1000)});
  }
  // The callback may come when this server is gone, so it holds values only.
  sources.read_linearizable(
      name, [slot = std::move(slot), type, name, answer = call.waiter.AnswerLater(),
             view = sources.views.Find(name.ns, name.name),
             freshness = sources.views.freshness()](const Result<LinearizableLeader>& read) {
        answer(LinearizableResponse(type, name, view, freshness, read));
      });
  return std::nullopt;
}

std::optional<Response> Leader(const Call& call, const Sources& sources, Reads& reads) {
  if (call.Find("is") != nullptr) return HealthOf(call, sources, Role::kLeader);
  const auto type = ChooseType(call.request.accept, kLeaderTypes);
  if (!type) return NotAcceptable(kLeaderTypes);
  const auto name = NameIn(call);
  if (!name) return InvalidName(name.error());
  const std::string* consistency = call.Find("consistency");
  if (*type == kEventStream) return StreamOf(call, sources.views, *name);
  if (consistency == nullptr || *consistency == "local") {
    return AnswerOrWait(call, sources.views, *name,
                        [&sources, type = *type, if_none_match = call.request.if_none_match,
                         name = *name](const Freshness& freshness, MonotonicTime now) {
                          return LocalLeader(type, if_none_match, sources, name, freshness, now);
                        });
  }
  if (*consistency == "linearizable") {
    if (auto wrong = RefuseParameters(call, {"wait", "index"}, "consistency=linearizable")) {
      return wrong;
    }
    return AskEtcd(call, *type, sources, *name, reads);
  }
  return InvalidParameter("consistency", *consistency, "\"local\" or \"linearizable\"",
                          {"local", "linearizable"});
}

std::optional<Response> Election(const Call& call, const election::ViewStore& views) {
  if (!ChooseType(call.request.accept, kJsonOnly)) return NotAcceptable(kJsonOnly);
  const auto name = NameIn(call);
  if (!name) return InvalidName(name.error());
  return AnswerOrWait(call, views, *name,
                      [&views, name = *name](const Freshness& freshness, MonotonicTime now) {
                        const ElectionPtr view = views.Find(name.ns, name.name);
                        if (!freshness.loaded || view == nullptr)
                          return UnknownElection(name, freshness);
                        Response response = JsonOk(ElectionAnswer(*view, freshness, now));
                        response.headers.push_back(StaleHeader(freshness, now));
                        response.headers.push_back(IndexHeader(view.get(), freshness));
                        return response;
                      });
}

}  // namespace

std::vector<Route> ElectionCalls(const Sources& sources, MostReads most_reads) {
  const auto reads = std::make_shared<Reads>(std::move(most_reads));
  return {
      {.method = "GET",
       .pattern = "/v1/elections",
       .parameters = {kListParameters.begin(), kListParameters.end()},
       .what = "elections, a page at a time",
       .handler = [&sources](const Call& call) { return ListElections(call, sources.views); }},
      {.method = "GET",
       .pattern = "/v1/elections/{ns}/{name}",
       .parameters = {"wait", "index"},
       .what = "an election with its queue; index=N&wait=30s: once it has changed after N",
       .handler = [&sources](const Call& call) { return Election(call, sources.views); }},
      {.method = "GET",
       .pattern = "/v1/elections/{ns}/{name}/leader",
       .parameters = {"consistency", "is", "wait", "index"},
       .what = "who leads (Accept: text/plain: the id alone; text/event-stream: each change); "
               "index=N&wait=30s: once it has changed after N; is=ID: 200 while that one leads, "
               "else 503",
       .handler = [&sources, reads](const Call& call) { return Leader(call, sources, *reads); }},
      {.method = "GET",
       .pattern = "/v1/elections/{ns}/{name}/history",
       .parameters = {"limit"},
       .what = "the last changes of leader, the newest last, and since when none is missing",
       .handler = [&sources](const Call& call) { return HistoryOf(call, sources); }},
      {.method = "GET",
       .pattern = "/v1/elections/{ns}/{name}/standby",
       .parameters = {"is"},
       .what = "200 while is=ID waits in the queue behind the leader, else 503",
       .handler = [&sources](const Call& call) { return HealthOf(call, sources, Role::kStandby); }},
      {.method = "ANY",
       .pattern = "/v1/elections/{ns}/{name}/redirect/{path...}",
       .parameters = {},
       .what = "307 to the address of the leader, with path and query",
       .handler = [&sources](const Call& call) { return RedirectToLeader(call, sources.views); },
       .any_query = true,
       .body_elsewhere = true},
      {.method = "GET",
       .pattern = "/v1/watch",
       .parameters = {"namespace", "index"},
       .what = "all elections as a stream of events: each one, then \"sync\", then each change",
       .handler = [&sources](const Call& call) { return StreamOfMany(call, sources.views); }}};
}

}  // namespace bellwether::http
