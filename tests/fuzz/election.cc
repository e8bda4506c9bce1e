// A story of a store as text, a line each; a first line "root" or "prefix" says what is observed:
//   p KEY LEASE VALUE   put          d KEY   delete          .   the revision ends
//   b   all revisions so far are told, in one batch          B   they are told a second time too
//   l   what is there is listed anew, and events under way come after it
//   r   a re-read, which must find nothing that the events have not said
//   x   a change that is never told: a re-read must find it
// The queues are those of a naive store: who was created first leads.
//
// Planted fault: the naive store lets lead who was written first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "election/name.h"
#include "election/root_queues.h"
#include "election/value.h"
#include "fuzz/fuzzing.h"

namespace bellwether::election {
namespace {

using fuzz::Require;

constexpr std::string_view kRoot = "/r";
const ElectionName kExplicit{"x", "y"};

// --- A store, as simple as can be

class Store {
 public:
  void Put(const std::string& key, LeaseId lease, std::string_view value) {
    if (!touched_.insert(key).second) return;  // etcd changes a key once in a revision
    etcd::KeyValue& kv = keys_[key];
    kv.key = key;
    kv.value = value;
    kv.lease = lease;
    kv.mod_revision = Revision{revision_ + 1};
    if (kv.version++ == 0) kv.create_revision = kv.mod_revision;
    events_.push_back({etcd::Event::Kind::kPut, kv});
  }
  void Delete(const std::string& key) {
    if (!keys_.contains(key) || !touched_.insert(key).second) return;
    keys_.erase(key);
    etcd::Event event{.kind = etcd::Event::Kind::kDelete};
    event.kv.key = key;
    event.kv.mod_revision = Revision{revision_ + 1};
    events_.push_back(std::move(event));
  }
  void EndRevision() {
    if (!touched_.empty()) ++revision_;
    touched_.clear();
  }
  std::vector<etcd::KeyValue> List() const {
    std::vector<etcd::KeyValue> all;
    for (const auto& [key, kv] : keys_) all.push_back(kv);
    return all;
  }
  Revision revision() const { return Revision{revision_}; }
  std::vector<etcd::Event> TakeEvents() { return std::exchange(events_, {}); }

 private:
  std::map<std::string, etcd::KeyValue> keys_;
  std::set<std::string> touched_;  // in the revision that has not ended
  std::vector<etcd::Event> events_;
  int64_t revision_ = 1;
};

bool IsLabel(std::string_view text) {
  static constexpr std::string_view kEnds = "abcdefghijklmnopqrstuvwxyz0123456789";
  static constexpr std::string_view kInside = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.size() < 64 && kEnds.find(text.front()) != kEnds.npos &&
         kEnds.find(text.back()) != kEnds.npos && text.find_first_not_of(kInside) == text.npos;
}

// The election of a key under "/r/"; nullopt = none.
std::optional<ElectionName> ElectionOf(std::string_view key) {
  const std::string_view rest = key.substr(kRoot.size() + 1);
  std::vector<std::string> parts{""};
  for (const char c : rest) {
    if (c == '/' && parts.size() < 3) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() < 3 || !IsLabel(parts[0]) || !IsLabel(parts[1])) return std::nullopt;
  return ElectionName{parts[0], parts[1]};
}

// --- One story

class Story {
 public:
  explicit Story(bool explicit_prefix)
      : explicit_(explicit_prefix),
        queues_(explicit_ ? RootQueues::OfPrefix({kExplicit, std::string(kRoot)})
                          : RootQueues::OfRoot(std::string(kRoot))) {
    List();
  }

  void Line(std::string_view line) {
    const char what = line.empty() ? ' ' : line.front();
    if (what == 'p' || what == 'd') return Change(what == 'p', line.substr(1));
    if (what == '.') return store_.EndRevision();
    if (what == 'b' || what == 'B') return Tell(what == 'B');
    if (what == 'l') return List();
    if (what == 'r') return Reread();
    if (what == 'x') return Lose();
  }

  void End() {
    store_.EndRevision();
    Tell(false);
    Reread();
  }

 private:
  static std::string_view Word(std::string_view& rest) {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
  }

  void Change(bool put, std::string_view rest) {
    const std::string key = std::string(kRoot) + "/" + std::string(Word(rest));
    if (!put) return store_.Delete(key);
    const LeaseId lease{static_cast<int64_t>(Word(rest).size())};
    store_.Put(key, lease, rest.empty() ? rest : rest.substr(1));
  }

  void Tell(bool twice) {
    store_.EndRevision();
    const std::vector<etcd::Event> events = store_.TakeEvents();
    for (int times = twice ? 2 : 1; times > 0; --times) {
      Publish(queues_.Apply(Now(), {.events = events}));
      Compare();
    }
  }

  void List() {
    store_.EndRevision();
    const auto all = store_.List();
    queues_.StartLoad();
    // In pages of one and of the rest, as it comes.
    if (!all.empty()) queues_.LoadPage({all.front()});
    if (all.size() > 1) queues_.LoadPage({all.begin() + 1, all.end()});
    Publish(queues_.FinishLoad(Now(), store_.revision()));
    Compare();
    Tell(false);  // it is in the list already
  }

  void Reread() {
    queues_.StartReread();
    Tell(false);
    const auto all = store_.List();
    Require(queues_.Differences(queues_.begin(), queues_.end(), all) == 0,
            "a re-read finds nothing where nothing was lost");
    queues_.EndReread();
  }

  // A key that comes or goes, of which no event tells.
  void Lose() {
    Tell(false);
    const std::string key = std::string(kRoot) + "/lost/one/1";
    lost_ ? store_.Delete(key) : store_.Put(key, LeaseId{1}, "lost");
    lost_ = !lost_;
    store_.EndRevision();
    const bool changed = !store_.TakeEvents().empty();
    queues_.StartReread();
    const size_t found = queues_.Differences(queues_.begin(), queues_.end(), store_.List());
    Require((found > 0) == changed, "a re-read finds what was lost");
    List();
  }

  RootQueues::Moment Now() {
    now_ += std::chrono::milliseconds(1);
    return {now_, WallTime(now_.time_since_epoch())};
  }

  // What the publications say, as a reader of them has it.
  void Publish(const QueueChanges& changes) {
    for (const ElectionPtr& view : changes.published) {
      const ElectionName name{view->ns, view->name};
      const ElectionPtr before = std::exchange(published_[name], view);
      if (before) Require(view->last_change >= before->last_change, "an index only grows");
    }
    for (const LeaderChange& change : changes.leaders) {
      if (!change.after) continue;
      FencingToken& last = tokens_[{change.after->ns, change.after->name}];
      Require(*change.after->token() > last, "a fencing token only grows");
      last = *change.after->token();
    }
    for (const ElectionName& name : changes.removed) published_.erase(name);
  }

  std::map<ElectionName, std::vector<etcd::KeyValue>> Naive() {
    std::map<ElectionName, std::vector<etcd::KeyValue>> queues;
    foreign_ = 0;
    for (const etcd::KeyValue& kv : store_.List()) {
      if (!explicit_ && kv.key.starts_with("/r/.")) continue;
      const auto name = explicit_ ? kExplicit : ElectionOf(kv.key);
      name ? queues[*name].push_back(kv) : void(++foreign_);
    }
    for (auto& [name, queue] : queues) {
      std::sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
        const auto first = [](const etcd::KeyValue& kv) {
          return fuzz::FaultIsPlanted() ? kv.mod_revision : kv.create_revision;
        };
        return std::tuple(first(a), a.key) < std::tuple(first(b), b.key);
      });
    }
    return queues;
  }

  void Compare() {
    const auto naive = Naive();
    size_t keys = 0;
    for (const auto& [name, queue] : naive) {
      keys += queue.size();
      const auto found = published_.find(name);
      const ElectionPtr view = found == published_.end() ? nullptr : found->second;
      Require(view != nullptr && view->queue.size() == queue.size(), "all who stand in a queue");
      for (size_t i = 0; i < queue.size(); ++i) CompareCandidate(view->queue[i], queue[i]);
      Require(view->leader_since.has_value(), "since when a leader leads is known");
    }
    Require(queues_.key_count() == keys, "keys are counted");
    if (!explicit_) Require(queues_.foreign_keys() == foreign_, "foreign keys are counted");
    for (const auto& [name, view] : published_) {
      if (!naive.contains(name)) Require(!view->leader(), "nobody leads an empty queue");
    }
  }

  static void CompareCandidate(const CandidateView& seen, const etcd::KeyValue& kv) {
    Require(seen.key == kv.key && seen.create_revision == kv.create_revision,
            "a queue is ordered by creation");
    Require(seen.mod_revision == kv.mod_revision && seen.lease == kv.lease,
            "a place is as written");
    Require(!seen.id.empty() && seen.id.size() <= kMaxIdBytes, "an id is short");
    for (const std::string* text : {&seen.id, &seen.address}) {
      Require(
          std::none_of(text->begin(), text->end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
          "no control character in what goes into headers");
    }
    if (!seen.ours) return Require(seen.value == kv.value, "a foreign value is shown as it is");
    const DescribedValue again = DescribeValue(
        EncodeValue({.id = seen.id, .address = seen.address, .value = seen.value}), kv.lease);
    Require(again.ours && again.id == seen.id && again.address == seen.address &&
                again.value == seen.value,
            "a value that is written again means the same");
  }

  const bool explicit_;
  Store store_;
  RootQueues queues_;
  MonotonicTime now_{std::chrono::seconds(1)};
  std::map<ElectionName, ElectionPtr> published_;
  std::map<ElectionName, FencingToken> tokens_;
  uint64_t foreign_ = 0;
  bool lost_ = false;
};

void CheckNames(std::string_view text) {
  const auto name = ParseElectionName(text);
  const size_t slash = text.find('/');
  const bool good =
      slash != text.npos && IsLabel(text.substr(0, slash)) && IsLabel(text.substr(slash + 1));
  Require(name.ok() == good, "a name is two labels");
  if (name) Require(name->str() == text, "a name is as it was given");
  if (CheckPrefix(text)) {
    Require(PrefixesNest(text, std::string(text) + "/a"), "what lies below a prefix nests");
    Require(!PrefixesNest(text, std::string(text) + "a"), "what begins alike does not");
  }
}

void Check(std::string_view text) {
  const std::string_view first = fuzz::TakeLine(text);
  CheckNames(first);
  Story story(first.starts_with("prefix"));
  for (int lines = 0; !text.empty() && lines < 200; ++lines) story.Line(fuzz::TakeLine(text));
  story.End();
}

}  // namespace
}  // namespace bellwether::election

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::election::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
