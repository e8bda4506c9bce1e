// One place in one queue: joins, waits, leads until a deadline, leaves. Pure: takes the time and
// one input, returns commands in order; never reads a clock, never calls etcd. Candidate is its
// driver.
//
// What it keeps, whatever is lost, late, repeated or cut:
//   - it leads only while its own key was seen to exist with nobody ahead, and only until the
//     deadline of its lease;
//   - no answer is taken for a no: after a lost one it reads its own key before it decides;
//   - a place is given up by an explicit resign or by etcd, never because a stream broke;
//   - nothing is written while nothing changes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/random.h"
#include "base/result.h"
#include "election/leadership.h"
#include "election/lease_book.h"
#include "etcd/api.h"

namespace bellwether::election {

// Which of the two watches of a place: its own key, or the key right before it.
enum class Watched { kOwn, kAhead };

// --- What it is told. Answers carry the number of the command that asked; an answer that nobody
// waits for any more is ignored.
struct Tick {};  // next_deadline() has come
struct CampaignAsked {};
struct ResignAsked {
  MonotonicTime deadline;  // give up confirming it then
};
struct ProclaimAsked {
  uint64_t id = 0;  // comes back in Proclaimed
  std::string value;
};
struct GrantAnswered {
  uint64_t call = 0;
  Result<etcd::LeaseGrantResponse> result;
};
struct RevokeAnswered {
  uint64_t call = 0;
  Result<etcd::LeaseRevokeResponse> result;
};
struct TxnAnswered {
  uint64_t call = 0;
  Result<etcd::TxnResponse> result;
};
struct RangeAnswered {
  uint64_t call = 0;
  Result<etcd::RangeResponse> result;
};
struct Renewed {
  LeaseId lease;
  MonotonicTime sent_at;
  Milliseconds ttl{0};
};
struct LeaseGone {
  LeaseId lease;
};
struct WatchTold {  // whole revisions
  Watched watched = Watched::kOwn;
  etcd::WatchBatch batch;
};
struct WatchCut {  // broken off; it is being resumed
  Watched watched = Watched::kOwn;
};
struct WatchAlive {  // made, or complete up to here
  Watched watched = Watched::kOwn;
  etcd::Header header;
};
struct WatchEnded {
  Watched watched = Watched::kOwn;
  Error why;
};
using Input = std::variant<Tick, CampaignAsked, ResignAsked, ProclaimAsked, GrantAnswered,
                           RevokeAnswered, TxnAnswered, RangeAnswered, Renewed, LeaseGone,
                           WatchTold, WatchCut, WatchAlive, WatchEnded>;

// --- What it wants done, in this order.
struct SendGrant {
  uint64_t call = 0;
  LeaseId lease;
  Milliseconds ttl{0};
};
struct SendRevoke {
  uint64_t call = 0;
  LeaseId lease;
};
struct SendTxn {
  uint64_t call = 0;
  etcd::TxnRequest request;
};
struct SendRange {
  uint64_t call = 0;
  etcd::RangeRequest request;
};
struct KeepLease {
  LeaseId lease;
  Milliseconds ttl{0};
};
struct DropLease {  // stop keeping it
  LeaseId lease;
};
struct OpenWatch {  // replaces the one of the same kind
  Watched watched = Watched::kOwn;
  std::string key;
  Revision from;
};
struct CloseWatch {
  Watched watched = Watched::kOwn;
};
struct Queued {
  Place place;
};
struct Elected {
  Leadership leadership;
};
struct Extended {
  MonotonicTime valid_until;
};
struct Lost {
  std::string why;
};
struct PlaceLost {
  std::string why;
};
struct Trouble {
  Error error;
};
struct Resigned {
  Status status;
};
struct Proclaimed {
  uint64_t id = 0;
  Status status;
};
using Command = std::variant<SendGrant, SendRevoke, SendTxn, SendRange, KeepLease, DropLease,
                             OpenWatch, CloseWatch, Queued, Elected, Extended, Lost, PlaceLost,
                             Trouble, Resigned, Proclaimed>;

struct ContenderOptions {
  std::string prefix;  // of the election, without the trailing '/'
  std::string value;
  Milliseconds ttl{15000};
  uint64_t seed = 1;  // of lease ids and jitter; different for each contender
  // A place is checked by a read this often, for servers that lose events.
  Milliseconds check_every{60000};
};

class Contender {
 public:
  explicit Contender(ContenderOptions options);

  std::vector<Command> Step(MonotonicTime now, const Input& input);
  std::optional<MonotonicTime> next_deadline() const;

  // The leadership at this moment; nullopt from valid_until on, without waiting for any input.
  std::optional<Leadership> Current(MonotonicTime now) const;

 private:
  enum class Phase {
    kIdle,        // in no queue
    kGranting,    // a lease is being made
    kJoining,     // the campaign txn is under way
    kReadingOwn,  // its answer was lost: is our key there?
    kQueued,      // our key is there; who is ahead is being read or watched
    kLeading,
    kLost,      // was leading; the work has to end before the next Campaign
    kDeleting,  // leaving: the guarded delete
    kRevoking,  // leaving: the lease
  };
  // The one answer waited for, other than those to Proclaim.
  struct Call {
    uint64_t number = 0;  // 0 = none
    // the newest revision known when it was sent: a linearizable answer is never older
    Revision floor;
  };

  void OnInput(const Tick&);
  void OnInput(const CampaignAsked&);
  void OnInput(const ResignAsked& asked);
  void OnInput(const ProclaimAsked& asked);
  void OnInput(const GrantAnswered& answer);
  void OnInput(const RevokeAnswered& answer);
  void OnInput(const TxnAnswered& answer);
  void OnInput(const RangeAnswered& answer);
  void OnInput(const Renewed& renewed);
  void OnInput(const LeaseGone& gone);
  void OnInput(const WatchTold& told);
  void OnInput(const WatchCut& cut);
  void OnInput(const WatchAlive& alive);
  void OnInput(const WatchEnded& ended);

  void RunDue();

  // Joining.
  void StartJoin();
  void ChooseLease();
  void Grant();
  void OnGranted(MonotonicTime sent_at, Milliseconds ttl);
  void Join();
  void OnJoinAnswer(const Result<etcd::TxnResponse>& result, Revision floor);
  void ReadOwn();
  void OnOwnRead(const Result<etcd::RangeResponse>& result, Revision floor);
  void OnJoined(Revision create_revision);

  // Queued and leading.
  void FindAhead();
  void OnAheadAnswer(const Result<etcd::TxnResponse>& result, Revision floor);
  void OnSplitRead(const Result<etcd::RangeResponse>& result, Revision floor);
  void OnAhead(const etcd::Header& own_header, const etcd::Header& ahead_header,
               const std::vector<etcd::KeyValue>& ahead);
  void LeadIfValid();
  void OnPlaceGone(const std::string& why);
  void OnKeyGone();
  void DelayRejoin();
  void LoseLeadership(const std::string& why);

  // Leaving.
  void StartLeaving();
  void JoinAfresh();
  void DeleteOwn();
  void Revoke();
  void OnDeleteAnswer(const Result<etcd::TxnResponse>& result);
  void OnLeft(Status status);
  void GiveUpLeaving();

  bool HasPlace() const { return phase_ == Phase::kQueued || phase_ == Phase::kLeading; }
  // True once for the answer that is waited for; `call` is then what is known about it.
  bool Take(uint64_t number, Call* call);
  uint64_t NewCall();
  void RetryLater(const Error& error);
  void CheckLater();
  void CloseWatches();
  void ReleaseLease();
  // False when the answer is from another cluster or from before what was known: then nothing we
  // hold means anything.
  bool SameHistory(const etcd::Header& header, Revision floor);
  void ReportTrouble(const Error& error);
  template <typename T>
  void Do(T command) {
    commands_.emplace_back(std::move(command));
  }

  const ContenderOptions options_;

  MonotonicTime now_{};
  std::vector<Command> commands_;
  Phase phase_ = Phase::kIdle;
  std::string value_;
  Random random_;
  Backoff retry_backoff_;
  Backoff join_backoff_;
  Backoff no_space_backoff_;
  Backoff rejoin_backoff_;
  uint64_t last_call_ = 0;
  Call call_;
  std::optional<MonotonicTime> retry_at_;          // when the phase's step is tried again
  std::optional<MonotonicTime> check_at_;          // when a place is looked at again
  std::optional<std::pair<Code, Phase>> trouble_;  // what was told last and has not ended

  // The place, from the choice of its lease until it is left.
  LeaseId lease_;
  std::string key_;
  Revision own_;                   // create_revision; 0 = not known to exist
  bool lease_asked_ = false;       // a grant was sent and may have counted
  bool grant_in_doubt_ = false;    // the answer to an earlier try of it was lost
  bool lease_gone_ = false;        // etcd said so
  MonotonicTime grant_sent_at_{};  // of the first try under this lease id
  LeaseBook book_;
  std::optional<Error> join_error_;  // why the last join txn has no answer to go by
  std::optional<MonotonicTime> rejoin_at_;
  MonotonicTime joined_at_{};
  bool watching_own_ = false;
  bool cut_ = false;           // a watch was broken off and is not back yet
  bool nobody_ahead_ = false;  // but too little validity is left to lead; a renewal is waited for
  std::optional<etcd::KeyValue> ahead_;  // that is being watched
  // this server refuses even a read-only txn under NOSPACE (before 3.4.20, 3.5.7)
  bool split_reads_ = false;
  std::optional<etcd::RangeResponse> split_ahead_;

  // Leaving.
  bool rejoin_ = false;     // join again afterwards
  bool resigning_ = false;  // somebody waits for Resigned
  std::optional<MonotonicTime> leave_deadline_;

  struct Proposal {
    uint64_t id;
    std::string value;
  };
  std::map<uint64_t, Proposal> proclaims_;  // by call

  uint64_t cluster_id_ = 0;
  Revision newest_;
  std::string history_why_;
};

}  // namespace bellwether::election
