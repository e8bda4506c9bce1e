// Who is told what: the hub and the outbox behind it, as one client sees them.
#include "http/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/random.h"
#include "http/events.h"
#include "http/outbox.h"
#include "http/watch_parameters.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using election::ElectionName;
using election::ElectionView;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A client and its outbox: what it knows is what it would have read from its stream.
class Client final : public Watcher {
 public:
  Client(bool many, WatchHub& hub, size_t max_waiting = Outbox::kMaxWaiting)
      : many_(many), hub_(hub), max_waiting_(max_waiting), outbox_(many, max_waiting) {}

  void OnNews(NewsPtr news) override {
    ++(news->beat ? beats_ : told_);
    behind_ |= news->behind;
    outbox_.Take(*news);
  }

  // The same client on its next stream: what it has read it knows, what waited is lost.
  std::shared_ptr<Client> ResumedAt(WatchHub& hub) const {
    auto next = std::make_shared<Client>(many_, hub, max_waiting_);
    next->leaders_ = leaders_;
    next->id_ = id_;
    next->went_back_ = went_back_;
    return next;
  }

  // Takes up to so many bytes of what waits.
  void Read(size_t bytes, const election::Freshness& freshness, MonotonicTime now) {
    if (!outbox_.empty()) {
      std::string text;
      const auto describe = [&](const std::string& election, const election::ElectionPtr& view,
                                Revision absent_since, bool behind) {
        election::Freshness known = freshness;
        known.absent_since = absent_since;
        if (behind) known.watching = false;
        return StateEvent(election, view, known, now);
      };
      for (const auto& piece : outbox_.Next(bytes, describe)) {
        text += piece.own + (piece.event ? piece.event->text : "");
      }
      Parse(text);
    }
    if (auto want = outbox_.TakeWant()) want_ = std::move(want);
  }
  // What it wants of the hub comes there.
  void Ask(MonotonicTime now) {
    if (const auto want = std::exchange(want_, std::nullopt)) hub_.Ask(now, this, *want);
  }
  void ReadAll(const election::Freshness& freshness, MonotonicTime now) {
    do {
      Ask(now);
      Read(1, freshness, now);
      most_waiting_ = std::max(most_waiting_, outbox_.waiting());
    } while (!outbox_.empty() || want_);
  }

  const std::map<std::string, std::string>& leaders() const { return leaders_; }
  std::vector<std::string> TakeTypes() { return std::exchange(types_, {}); }
  const std::string& id() const { return id_; }
  int64_t id_revision() const { return std::atoll(id_.c_str()); }
  int told() const { return told_; }
  int beats() const { return beats_; }
  bool behind() const { return behind_; }
  size_t waiting() const { return outbox_.waiting(); }
  size_t most_waiting() const { return most_waiting_; }
  // "stale" of the newest event that says so.
  bool stale() const { return stale_; }
  const std::string& went_back() const { return went_back_; }

 private:
  void Parse(const std::string& text) {
    std::istringstream lines(text);
    std::string type;
    std::string data;
    std::string id = id_;
    for (std::string line; std::getline(lines, line);) {
      if (line == "id:") id.clear();
      if (line.starts_with("id: ")) id = line.substr(4);
      if (line.starts_with("event: ")) type = line.substr(7);
      if (line.starts_with("data: ")) data = line.substr(6);
      if (!line.empty()) continue;
      if (id != id_ && !id.empty()) {
        const auto source = [](const std::string& of) {
          return of.substr(std::min(of.find("-p"), of.size()));
        };
        if (std::atoll(id.c_str()) < newest_ && source(id) == source(id_)) {
          went_back_ = "the id went from " + id_ + " to " + id;
        }
        newest_ = std::atoll(id.c_str());
      }
      id_ = id;
      if (!type.empty()) Event(type, nlohmann::json::parse(data));
      type.clear();
    }
  }

  void Event(const std::string& type, const nlohmann::json& data) {
    types_.push_back(type);
    if (data.contains("stale")) stale_ = data["stale"];
    if (type == "reset") {
      leaders_.clear();
      revisions_.clear();
      newest_ = 0;
      return;
    }
    if (!data.contains("election")) return;
    const std::string election = data["election"];
    const int64_t revision = data["revision"];
    if (revision < revisions_[election]) {
      went_back_ = election + " went from " + std::to_string(revisions_[election]) + " to " +
                   std::to_string(revision);
    }
    revisions_[election] = revision;
    const bool led = type == "leader" && !data["leader"].is_null();
    leaders_[election] = led ? data["leader"]["id"].get<std::string>() : "";
  }

  const bool many_;
  WatchHub& hub_;
  const size_t max_waiting_;
  Outbox outbox_;
  std::optional<Outbox::Want> want_;
  size_t most_waiting_ = 0;
  bool stale_ = false;
  int told_ = 0;
  int beats_ = 0;
  bool behind_ = false;
  std::string id_;
  int64_t newest_ = 0;                          // id of this stream
  std::map<std::string, std::string> leaders_;  // by election; "" = nobody
  std::map<std::string, int64_t> revisions_;
  std::vector<std::string> types_;
  std::string went_back_;
};

std::shared_ptr<ElectionView> View(const std::string& name, const std::string& leader,
                                   int64_t revision, uint64_t source = 0) {
  auto view = std::make_shared<ElectionView>();
  view->ns = "n";
  view->name = name;
  view->last_change = Revision{revision};
  view->source = source;
  if (!leader.empty()) {
    view->queue.push_back({.id = leader, .key = "/k", .create_revision = Revision{revision}});
  }
  return view;
}

class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() {
    store_.Attach(feed_);
    Freshen(10);
  }
  void Freshen(int64_t revision) {
    freshness_.revision = Revision{revision};
    freshness_.as_of = now_;
    store_.SetFreshness(freshness_);
  }
  void Publish(const std::string& name, const std::string& leader, int64_t revision) {
    store_.Publish(View(name, leader, revision));
  }
  std::shared_ptr<Client> Watch(const std::string& name, int64_t after) {
    auto client = std::make_shared<Client>(false, hub_);
    hub_.Add(now_, client, {.election = {"n", name}, .after = Revision{after}, .stream = true});
    return client;
  }
  std::shared_ptr<Client> WatchAll(int64_t after, std::optional<uint64_t> cluster = {},
                                   std::string ns = "") {
    auto client = std::make_shared<Client>(true, hub_);
    hub_.Add(now_, client,
             {.election = {std::move(ns), ""},
              .after = Revision{after},
              .cluster = cluster,
              .stream = true});
    return client;
  }
  void TickFor(Milliseconds time) {
    for (Milliseconds t{0}; t < time; t += WatchHub::kTick) {
      now_ += WatchHub::kTick;
      freshness_.as_of = now_;
      store_.SetFreshness(freshness_);
      hub_.Tick(now_);
    }
  }
  std::vector<std::string> Types(Client& client) {
    client.ReadAll(freshness_, now_);
    return client.TakeTypes();
  }

  MonotonicTime now_{1000s};
  election::Freshness freshness_{.loaded = true,
                                 .newest = {1000},
                                 .absent_since = {5},
                                 .listed_at = {5},
                                 .watching = true,
                                 .cluster_id = 7};
  election::ViewStore store_;
  std::shared_ptr<election::ChangeFeed> feed_ = std::make_shared<election::ChangeFeed>([] {});
  WatchHub hub_{store_, *feed_};
};

TEST_F(WatchHubTest, WhoKnowsTheStateIsToldOfTheNextChangeAndOnce) {
  Publish("x", "a", 6);
  hub_.Round(now_);
  const auto client = Watch("x", 6);
  EXPECT_EQ(client->told(), 0);
  Publish("x", "b", 11);
  hub_.Round(now_);
  hub_.Round(now_);
  EXPECT_THAT(Types(*client), ElementsAre("leader"));
  EXPECT_EQ(client->leaders().at("n/x"), "b");
  EXPECT_EQ(client->id(), "11");
  Publish("y", "c", 12);
  hub_.Round(now_);
  EXPECT_THAT(Types(*client), IsEmpty());
}

TEST_F(WatchHubTest, WhoKnowsLessIsToldAtOnceAlsoOfWhatTheHubHasNotHeard) {
  Publish("x", "a", 6);
  const auto client = Watch("x", 5);
  EXPECT_THAT(Types(*client), ElementsAre("leader"));
  hub_.Round(now_);
  EXPECT_THAT(Types(*client), IsEmpty());
}

TEST_F(WatchHubTest, AnElectionIsWaitedForBeforeItsBirthAndWhoThinksItLedIsCorrected) {
  const auto new_here = Watch("x", 0);
  EXPECT_THAT(Types(*new_here), ElementsAre("unknown"));
  const auto knows = Watch("x", 5);
  EXPECT_THAT(Types(*knows), IsEmpty());
  // Its leader was gone before this replica began; no key tells of it.
  const auto from_elsewhere = Watch("x", 3);
  EXPECT_THAT(Types(*from_elsewhere), ElementsAre("unknown"));
  Publish("x", "a", 11);
  hub_.Round(now_);
  for (const auto& client : {new_here, knows, from_elsewhere}) {
    EXPECT_THAT(Types(*client), ElementsAre("leader"));
  }
}

// After a restore, before the new history is listed.
TEST_F(WatchHubTest, WhoKnowsNothingIsToldOnceAlsoWhileNoRevisionIsKnown) {
  freshness_.absent_since = {};
  Freshen(0);
  const auto new_here = Watch("x", 0);
  EXPECT_THAT(Types(*new_here), ElementsAre("unknown"));
  hub_.Round(now_);
  EXPECT_THAT(Types(*new_here), IsEmpty());
  freshness_.absent_since = {12};
  Freshen(12);
  Publish("x", "a", 11);
  hub_.Round(now_);
  EXPECT_THAT(Types(*new_here), ElementsAre("leader"));
}

TEST_F(WatchHubTest, AReplicaThatIsBehindCatchesUpOrSaysSo) {
  Publish("x", "a", 6);
  const auto in_time = Watch("x", 20);
  const auto too_long = Watch("x", 30);
  TickFor(WatchHub::kStreamCatchUp - WatchHub::kTick);
  EXPECT_EQ(in_time->told() + too_long->told(), 0);
  Freshen(20);
  hub_.Round(now_);
  TickFor(WatchHub::kTick);
  EXPECT_EQ(in_time->told(), 0) << "it knows by now that nothing has changed";
  EXPECT_EQ(too_long->told(), 1);
  EXPECT_TRUE(too_long->behind());
  Publish("x", "b", 31);
  hub_.Round(now_);
  EXPECT_THAT(Types(*in_time), ElementsAre("leader"));
  EXPECT_EQ(too_long->told(), 2);
}

TEST_F(WatchHubTest, AnotherHistoryIsToldWhateverItsRevisionsAre) {
  Publish("x", "a", 60);
  Freshen(100);
  hub_.Round(now_);
  const auto one = Watch("x", 90);
  const auto many = WatchAll(0);
  EXPECT_THAT(Types(*many), ElementsAre("reset", "leader", "sync", "freshness"));
  freshness_.history = 1;
  freshness_.tokens_invalid = true;
  freshness_.listed_at = {};
  Freshen(0);
  hub_.Round(now_);
  EXPECT_THAT(Types(*many), ElementsAre("reset", "leader", "freshness"));
  EXPECT_EQ(many->id(), "") << "nothing that this history has is known yet";
  Publish("x", "b", 70);
  freshness_.listed_at = {70};
  Freshen(70);
  hub_.Round(now_);
  EXPECT_THAT(Types(*many), ElementsAre("leader", "sync")) << "once there is a revision to name";
  EXPECT_EQ(many->id(), "70-7");
  EXPECT_THAT(Types(*one), ElementsAre("leader", "freshness"));
  EXPECT_EQ(one->leaders().at("n/x"), "b");
}

TEST_F(WatchHubTest, AStreamOfManyBeginsWithHowFreshAllIs) {
  Freshen(10);
  now_ += election::kFreshFor + Milliseconds(1);
  const auto first = WatchAll(0);
  EXPECT_THAT(Types(*first), ElementsAre("reset", "sync", "freshness"));
  hub_.Tick(now_);
  EXPECT_THAT(Types(*first), IsEmpty()) << "it knows that all is stale";
  Freshen(10);
  const auto second = WatchAll(0);
  EXPECT_THAT(Types(*second), ElementsAre("reset", "sync", "freshness"));
  EXPECT_THAT(Types(*first), ElementsAre("freshness")) << "what one is told the others hear too";
}

TEST_F(WatchHubTest, ManyResumeWithWhatChangedAndWhatWasRemoved) {
  Publish("x", "a", 6);
  Publish("y", "", 7);
  Publish("z", "c", 9);
  hub_.Round(now_);
  freshness_.absent_since = {10};
  Freshen(10);
  store_.Remove("n", "y");
  hub_.Round(now_);
  const auto resumed = WatchAll(8, 7);
  EXPECT_THAT(Types(*resumed), ElementsAre("leader", "unknown", "sync", "freshness"));
  EXPECT_EQ(resumed->leaders().at("n/z"), "c");
  EXPECT_EQ(resumed->id(), "10-7");
  const auto nothing_new = WatchAll(10, 7);
  EXPECT_THAT(Types(*nothing_new), ElementsAre("sync", "freshness"));
  const auto elsewhere = WatchAll(10, 7, "m");
  Publish("x", "b", 12);
  Freshen(12);
  hub_.Round(now_);
  EXPECT_THAT(Types(*nothing_new), ElementsAre("leader"));
  EXPECT_EQ(nothing_new->id(), "12-7");
  EXPECT_THAT(Types(*elsewhere), ElementsAre("sync", "freshness"));
}

TEST_F(WatchHubTest, ManyAreResetWhereNobodyCanTellWhatTheyMissed) {
  Publish("x", "a", 6);
  hub_.Round(now_);
  EXPECT_THAT(Types(*WatchAll(4, 7)), ElementsAre("reset", "leader", "sync", "freshness"))
      << "too old";
  EXPECT_THAT(Types(*WatchAll(8, 8)), ElementsAre("reset", "leader", "sync", "freshness"))
      << "another cluster";
  freshness_.newest = {10};
  const auto ahead = WatchAll(90, 7);
  EXPECT_EQ(ahead->told(), 0);
  TickFor(WatchHub::kStreamCatchUp);
  EXPECT_THAT(Types(*ahead), ElementsAre("reset", "leader", "sync", "freshness"))
      << "another history";
}

TEST_F(WatchHubTest, StreamsHearWhenViewsGetStaleAndThatTheyLive) {
  Publish("x", "a", 6);
  hub_.Round(now_);
  const auto client = Watch("x", 6);
  TickFor(WatchHub::kBeatEvery);
  EXPECT_EQ(client->beats(), 1);
  EXPECT_EQ(client->told(), 0);
  Types(*client);
  now_ += 4s;
  hub_.Tick(now_);
  hub_.Tick(now_);
  EXPECT_THAT(Types(*client), ElementsAre("freshness"));
  Freshen(11);
  hub_.Round(now_);
  EXPECT_THAT(Types(*client), ElementsAre("freshness"));
  hub_.Remove(client.get());
  EXPECT_TRUE(hub_.empty());
}

TEST_F(WatchHubTest, WhatIsServedFromElsewhereHasChangedWhateverItsIndex) {
  constexpr uint64_t kPrefix = 9;
  const auto serve = [&](uint64_t sources, auto change) {
    freshness_.sources = election::kSourcesChange;
    store_.SetFreshness(freshness_);
    change();
    freshness_.sources = sources;
    store_.SetFreshness(freshness_);
    hub_.Round(now_);
  };
  freshness_.absent_since = {10};
  Freshen(10);
  hub_.Round(now_);
  const auto one = Watch("x", 10);
  const auto many = WatchAll(10, 7);
  EXPECT_THAT(Types(*one), IsEmpty());
  EXPECT_THAT(Types(*many), ElementsAre("sync", "freshness"));
  EXPECT_EQ(many->id(), "10-7");
  serve(kPrefix, [&] { store_.Publish(View("x", "a", 10, kPrefix)); });
  EXPECT_THAT(Types(*one), ElementsAre("leader"));
  EXPECT_THAT(Types(*many), ElementsAre("leader"));
  EXPECT_EQ(one->id(), "10-p0000000000000009");
  TickFor(WatchHub::kBeatEvery);
  Types(*many);
  EXPECT_EQ(many->id(), "10-7-p0000000000000009");
  const auto resume = [&](const Client& client, const std::string& id, bool of_many) {
    Subject subject = ParseEventId(id).value();
    if (!subject.source) subject.source = 0;
    subject.election = {of_many ? "" : "n", of_many ? "" : "x"};
    subject.stream = true;
    auto next = client.ResumedAt(hub_);
    hub_.Add(now_, next, subject);
    return next;
  };
  // Cut at that moment, or at a replica without the prefix.
  EXPECT_THAT(Types(*resume(*one, "10", false)), ElementsAre("leader"));
  EXPECT_THAT(Types(*resume(*many, "10-7", true)),
              ElementsAre("reset", "leader", "sync", "freshness"));
  EXPECT_THAT(Types(*resume(*one, one->id(), false)), IsEmpty());
  EXPECT_THAT(Types(*resume(*many, many->id(), true)), ElementsAre("sync", "freshness"));

  serve(0, [&] { store_.Remove("n", "x"); });
  EXPECT_THAT(Types(*one), ElementsAre("unknown"));
  EXPECT_THAT(Types(*many), ElementsAre("unknown"));
  EXPECT_EQ(one->id(), "10");
  EXPECT_THAT(Types(*resume(*one, "10-p0000000000000009", false)), ElementsAre("unknown"));
  EXPECT_THAT(Types(*resume(*many, "10-7-p0000000000000009", true)),
              ElementsAre("reset", "sync", "freshness"));
}

TEST_F(WatchHubTest, WhatALaggingReplicaSaysIsStaleUntilItHasCaughtUp) {
  Publish("x", "a", 6);
  hub_.Round(now_);
  const auto one = Watch("x", 30);
  const auto many = WatchAll(30, 7);
  TickFor(WatchHub::kStreamCatchUp);
  EXPECT_THAT(Types(*one), ElementsAre("leader", "freshness"));
  EXPECT_THAT(Types(*many), ElementsAre("reset", "leader", "sync", "freshness"));
  EXPECT_TRUE(one->stale());
  EXPECT_TRUE(many->stale());
  Publish("x", "b", 20);
  Freshen(20);
  hub_.Round(now_);
  EXPECT_THAT(Types(*one), ElementsAre("leader"));
  EXPECT_THAT(Types(*many), ElementsAre("leader"));
  EXPECT_TRUE(one->stale()) << "it still knows less than the client did";
  EXPECT_TRUE(many->stale());
  Freshen(30);
  hub_.Round(now_);
  EXPECT_THAT(Types(*one), ElementsAre("freshness"));
  EXPECT_THAT(Types(*many), ElementsAre("freshness"));
  EXPECT_FALSE(one->stale());
  EXPECT_FALSE(many->stale());
  // etcd itself is not as far: the client's revision is of another history, and nothing is late.
  freshness_.newest = {30};
  store_.SetFreshness(freshness_);
  const auto elsewhere = Watch("x", 90);
  TickFor(WatchHub::kStreamCatchUp);
  EXPECT_THAT(Types(*elsewhere), ElementsAre("leader"));
  EXPECT_FALSE(elsewhere->stale());
}

TEST_F(WatchHubTest, AStreamOfManyHoldsLittleHoweverManyThereAre) {
  constexpr int kElections = 3000;
  const auto name = [](int i) { return "e" + std::to_string(10000 + i); };
  for (int i = 0; i < kElections; ++i) Publish(name(i), "a", 6);
  hub_.Round(now_);
  const auto client = WatchAll(0);
  client->ReadAll(freshness_, now_);
  EXPECT_EQ(client->leaders().size(), static_cast<size_t>(kElections));
  EXPECT_LE(client->most_waiting(), WatchHub::Portions().page);
  EXPECT_EQ(client->id(), "10-7");
  // It reads nothing while all of them change, and one goes.
  for (int i = 0; i < kElections; ++i) {
    Publish(name(i), "b", 11 + i);
    if (i % 100 == 0) hub_.Round(now_);
    EXPECT_LE(client->waiting(), Outbox::kMaxWaiting);
  }
  Freshen(11 + kElections);
  hub_.Round(now_);
  freshness_.absent_since = {12 + kElections};
  store_.SetFreshness(freshness_);
  store_.Remove("n", name(7));
  Freshen(12 + kElections);
  hub_.Round(now_);
  client->ReadAll(freshness_, now_);
  EXPECT_LE(client->most_waiting(), Outbox::kMaxWaiting);
  EXPECT_EQ(client->went_back(), "");
  EXPECT_EQ(client->id(), std::to_string(12 + kElections) + "-7");
  for (int i = 0; i < kElections; ++i) {
    EXPECT_EQ(client->leaders().at("n/" + name(i)), i == 7 ? "" : "b") << i;
  }
}

TEST(OutboxTest, KeepsTheNewestStateAndResumesFromWhatWasSaid) {
  Outbox outbox(true);
  const auto event = [](const std::string& election, int64_t revision) {
    return std::make_shared<const Event>(
        Event{election, Revision{revision}, nullptr, "event: leader\ndata: " + election + "\n\n"});
  };
  const auto news = [](std::vector<EventPtr> changes) {
    News made;
    made.changes = std::move(changes);
    made.complete = Revision{11};
    made.cluster = 7;
    return made;
  };
  outbox.Take(news({event("n/a", 10), event("n/b", 11)}));
  outbox.Take(news({event("n/a", 12)}));
  EXPECT_EQ(outbox.waiting(), 2u);
  const auto none = [](auto&&...) { return EventPtr(); };
  auto pieces = outbox.Next(1, none);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].event->revision, Revision{12}) << "what waits longest, as it is now";
  EXPECT_EQ(pieces[0].own, "");
  pieces = outbox.Next(1, none);
  EXPECT_EQ(pieces.at(0).event->election, "n/b");
  EXPECT_EQ(pieces[0].own, "id: 11-7\n") << "not all up to 12 is known to have been said";
  EXPECT_TRUE(outbox.empty());
}

// Replicas of one etcd, each as far as it is, with lists instead of events at times and removals of
// what is vacant; clients that read slowly and resume at another replica. Whoever has caught up
// knows what is.
class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 2; ++i) replicas_.push_back(std::make_unique<Replica>());
    for (auto& replica : replicas_) List(*replica);
    for (int i = 0; i < 6; ++i) clients_.push_back(Connect(i % 2 == 0));
  }

  void Step() {
    now_ += 50ms;
    switch (random_.Below(10)) {
      case 0:
      case 1:
        return Write();
      case 2:
      case 3:
        return Follow(*Any(replicas_));
      case 4:
        return Any(replicas_)->hub.Round(now_);
      case 5:
        return Any(replicas_)->hub.Tick(now_);
      case 6:
        if (random_.OneIn(4)) return Restart();
        return random_.OneIn(3) ? List(*Any(replicas_)) : Forget(*Any(replicas_));
      case 7:
        return Resume(Any(clients_));
      case 8:
        if (random_.OneIn(3)) return Reload(*Any(replicas_));
        return Any(clients_).client->Ask(now_);
      default: {
        Connected& client = Any(clients_);
        client.client->Read(1, client.replica->store.freshness(), now_);
      }
    }
  }

  void CatchUp() {
    for (auto& replica : replicas_) {
      Follow(*replica, /*all=*/true);
      for (int i = 0; i < 30; ++i) {
        now_ += WatchHub::kTick;
        replica->hub.Round(now_);
        replica->hub.Tick(now_);
      }
    }
    for (Connected& c : clients_) c.client->ReadAll(c.replica->store.freshness(), now_);
  }

  void Check() {
    for (Connected& c : clients_) {
      ASSERT_EQ(c.client->went_back(), "");
      for (const char* name : {"x", "y", "z"}) {
        if (!c.many && c.name != name) continue;
        const auto known = c.client->leaders().find(std::string("n/") + name);
        const std::string knows = known == c.client->leaders().end() ? "" : known->second;
        const bool other = c.replica->freshness.sources != 0 && kOther == name;
        ASSERT_EQ(knows, leaders_[other ? kUnderPrefix : name])
            << name << (c.many ? " of many" : " of one") << ", id " << c.client->id();
      }
    }
  }

 private:
  // An explicit prefix may have the name of an election under the root; the leaders under it are
  // kept beside the others.
  static constexpr const char* kOther = "x";
  static constexpr const char* kUnderPrefix = "p";
  static constexpr uint64_t kSource = 99;

  struct Replica {
    Replica() { store.Attach(feed); }
    int64_t applied = 0;
    election::Freshness freshness{.watching = true, .cluster_id = 7};
    election::ViewStore store;
    std::shared_ptr<election::ChangeFeed> feed = std::make_shared<election::ChangeFeed>([] {});
    // Little at a time, so that all ways are gone.
    WatchHub hub{store, *feed, {.page = 1, .looked_at = 2, .removed = 1}};
  };
  struct Connected {
    bool many;
    std::string name;
    Replica* replica;
    std::shared_ptr<Client> client;
  };
  struct Change {
    int64_t revision;
    std::string name;
    std::string leader;
  };

  template <typename T>
  T& Any(std::vector<T>& of) {
    return of[random_.Below(of.size())];
  }

  void Write() {
    ++revision_;
    std::string name(1, static_cast<char>('x' + random_.Below(3)));
    if (random_.OneIn(6)) name = kUnderPrefix;
    if (random_.OneIn(5)) return;  // of another program
    leaders_[name] = random_.OneIn(3) ? "" : "l" + std::to_string(revision_);
    log_.push_back({revision_, name, leaders_[name]});
  }
  void SetFreshness(Replica& r) {
    r.freshness.revision = Revision{r.applied};
    r.freshness.newest = Revision{revision_};
    r.freshness.as_of = now_;
    r.store.SetFreshness(r.freshness);
  }
  // What a replica shows of the leader under this name; "" = nothing.
  static std::string Shown(const Replica& r, const std::string& name) {
    const bool prefix = r.freshness.sources != 0;
    if (name == kUnderPrefix) return prefix ? kOther : "";
    return prefix && name == kOther ? "" : name;
  }
  static uint64_t SourceAt(const std::string& name) { return name == kUnderPrefix ? kSource : 0; }

  void Follow(Replica& r, bool all = false) {
    const int64_t to = all ? revision_ : r.applied + static_cast<int64_t>(random_.Below(4));
    for (const Change& change : log_) {
      if (change.revision <= r.applied || change.revision > to) continue;
      const std::string shown = Shown(r, change.name);
      if (shown.empty()) continue;
      r.store.Publish(View(shown, change.leader, change.revision, SourceAt(change.name)));
      if (random_.OneIn(4)) r.hub.Round(now_);  // between two elections, and before the freshness
    }
    r.applied = std::min(std::max(r.applied, to), revision_);
    SetFreshness(r);
  }
  // What is known to be vacant is published so; what is vacant and not known has no key to show.
  void List(Replica& r) {
    for (const auto& [name, leader] : leaders_) {
      const std::string shown = Shown(r, name);
      if (shown.empty() || (leader.empty() && !r.store.Find("n", shown))) continue;
      r.store.Publish(View(shown, leader, revision_, SourceAt(name)));
      if (random_.OneIn(4)) r.hub.Round(now_);
    }
    r.applied = revision_;
    r.freshness.loaded = true;
    r.freshness.absent_since = r.freshness.listed_at = Revision{revision_};
    SetFreshness(r);
  }
  void Forget(Replica& r) {
    for (const auto& view : r.store.List("", "", 0)) {
      if (view->leader() != nullptr || view->source != 0) continue;
      return Remove(r, view->name);
    }
  }
  // As Observer does: the index of what is gone first, the revision of its going last.
  void Remove(Replica& r, const std::string& name) {
    r.freshness.absent_since = std::max(r.freshness.absent_since, Revision{r.applied});
    SetFreshness(r);
    if (random_.OneIn(2)) r.hub.Round(now_);
    r.store.Remove("n", name);
  }
  // An explicit prefix is added or dropped, while etcd may be idle.
  void Reload(Replica& r) {
    const bool add = r.freshness.sources == 0;
    const std::string name = add ? kUnderPrefix : kOther;
    r.freshness.sources = election::kSourcesChange;
    SetFreshness(r);
    std::string leader;
    for (const Change& change : log_) {
      if (change.name == name && change.revision <= r.applied) leader = change.leader;
    }
    if (add || !leader.empty()) {
      r.store.Publish(View(kOther, leader, r.applied, SourceAt(name)));
    } else {
      Remove(r, kOther);
    }
    if (random_.OneIn(2)) r.hub.Round(now_);
    r.freshness.sources = add ? kSource : 0;
    SetFreshness(r);
  }
  void Restart() {
    const size_t which = random_.Below(replicas_.size());
    auto fresh = std::make_unique<Replica>();
    List(*fresh);
    std::swap(replicas_[which], fresh);
    for (Connected& c : clients_) {
      if (c.replica == fresh.get()) Resume(c);
    }
  }
  Connected Connect(bool many) {
    std::string name = many ? "" : std::string(1, static_cast<char>('x' + random_.Below(3)));
    Replica* const replica = Any(replicas_).get();
    Connected c{many, std::move(name), replica,
                std::make_shared<Client>(many, replica->hub, /*max_waiting=*/2)};
    Add(c);
    return c;
  }
  void Add(Connected& c) {
    Subject subject = ParseEventId(c.client->id()).value_or(Subject{});
    if (!subject.source) subject.source = 0;
    subject.election = {c.many ? "" : "n", c.name};
    subject.stream = true;
    c.replica->hub.Add(now_, c.client, subject);
  }
  // What waits in its outbox is lost with the connection; what it has read it keeps.
  void Resume(Connected& c) {
    c.replica->hub.Remove(c.client.get());
    c.replica = Any(replicas_).get();
    c.client = c.client->ResumedAt(c.replica->hub);
    Add(c);
  }

  Random random_;
  MonotonicTime now_{1000s};
  int64_t revision_ = 1;
  std::map<std::string, std::string> leaders_;
  std::vector<Change> log_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<Connected> clients_;
};

TEST(WatchHubGeneratedTest, WhoeverHasCaughtUpKnowsWhatIs) {
  const char* given = std::getenv("BELLWETHER_SEED");
  const uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  for (uint64_t seed = first; seed < first + 2000; ++seed) {
    SCOPED_TRACE("BELLWETHER_SEED=" + std::to_string(seed));
    World world(seed);
    for (int round = 0; round < 3; ++round) {
      for (int step = 0; step < 60; ++step) world.Step();
      world.CatchUp();
      world.Check();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace bellwether::http
