#include "cli/controller_answers.h"

#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace bellwether::cli {
namespace {

using election::CandidateView;
using election::ElectionView;
using nlohmann::json;

struct Wrong {
  std::string what;
};

const json& At(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw Wrong{"it has no \"" + std::string(name) + "\""};
  return *found;
}

template <typename T>
T As(const json& object, const char* name) {
  try {
    return At(object, name).get<T>();
  } catch (const json::exception&) {
    throw Wrong{"its \"" + std::string(name) + "\" is of another type"};
  }
}

// null = not there
template <typename T>
std::optional<T> Maybe(const json& object, const char* name) {
  if (!object.contains(name) || object[name].is_null()) return std::nullopt;
  return As<T>(object, name);
}

std::string FromBase64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) throw Wrong{"it has Base64 that is none"};
  const size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  bytes.resize(static_cast<size_t>(size) - std::min(padding, static_cast<size_t>(size)));
  return bytes;
}

// Bytes stand under another name, where they are not text.
std::string Bytes(const json& object, const std::string& name) {
  if (const auto text = Maybe<std::string>(object, name.c_str())) return *text;
  const auto encoded = Maybe<std::string>(object, (name + "Base64").c_str());
  return encoded ? FromBase64(*encoded) : "";
}

CandidateView Candidate(const json& object, int64_t token) {
  CandidateView candidate{.id = As<std::string>(object, "id"),
                          .address = Maybe<std::string>(object, "address").value_or(""),
                          .value = Bytes(object, "value"),
                          .key = Bytes(object, "key"),
                          .create_revision = Revision{token},
                          .value_cut = Maybe<bool>(object, "valueCut").value_or(false)};
  if (const auto lease = Maybe<std::string>(object, "lease")) {
    const auto id = LeaseId::FromHex(*lease);
    if (!id) throw Wrong{"its \"lease\" is not hexadecimal"};
    candidate.lease = *id;
  }
  return candidate;
}

std::optional<CandidateView> Leader(const json& object) {
  const json& leader = At(object, "leader");
  if (leader.is_null()) return std::nullopt;
  return Candidate(leader, As<int64_t>(object, "fencingToken"));
}

// What Rfc3339 writes, to the millisecond; nullopt for anything else.
std::optional<WallTime> FromRfc3339(const std::string& text) {
  tm utc{};
  const char* const rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  int ms = 0;
  if (rest == nullptr || std::sscanf(rest, ".%3dZ", &ms) != 1 || ms < 0) return std::nullopt;
  const WallTime t = std::chrono::system_clock::from_time_t(timegm(&utc)) + Milliseconds(ms);
  return Rfc3339(t) == text ? std::optional(t) : std::nullopt;
}

std::optional<WallTime> Time(const json& object, const char* name) {
  const auto text = Maybe<std::string>(object, name);
  if (!text) return std::nullopt;
  const auto time = FromRfc3339(*text);
  if (!time) throw Wrong{"its \"" + std::string(name) + "\" is no time"};
  return time;
}

Moment MomentOf(const json& object) {
  return {.revision = Revision{As<int64_t>(object, "revision")},
          .as_of = Time(object, "asOf").value_or(WallTime()),
          .stale = As<bool>(object, "stale")};
}

Summary SummaryOf(const json& object) {
  return {.election = As<std::string>(object, "election"),
          .leader = Leader(object),
          .candidates = Maybe<size_t>(object, "candidates"),
          .last_change = Revision{As<int64_t>(object, "revision")}};
}

std::vector<CandidateView> Queue(const json& object) {
  std::vector<CandidateView> queue;
  const auto places = object.find("queue");
  if (places == object.end()) {
    if (auto leader = Leader(object)) queue.push_back(*std::move(leader));
    return queue;
  }
  for (const json& place : *places) {
    queue.push_back(Candidate(place, As<int64_t>(place, "createRevision")));
    queue.back().ours = !As<bool>(place, "foreign");
  }
  return queue;
}

WallTime TimeOf(const json& object) {
  const auto time = Time(object, "time");
  if (!time) throw Wrong{"it has no \"time\""};
  return *time;
}

// When the controller knew of it, by a clock that is not ours, is not told.
election::Seen SeenAt(const json& object) {
  return {.revision = Revision{As<int64_t>(object, "revision")}, .at = {}, .wall = TimeOf(object)};
}

election::PastChange Change(const json& object) {
  election::PastChange change{.seen = SeenAt(object), .listed = As<bool>(object, "listed")};
  const json& leader = At(object, "leader");
  if (!leader.is_null()) {
    change.id = As<std::string>(leader, "id");
    change.address = Maybe<std::string>(leader, "address").value_or("");
    change.token = FencingToken{As<int64_t>(object, "fencingToken")};
  }
  if (const auto ms = Maybe<int64_t>(object, "ledForMs")) change.led_for = Milliseconds(*ms);
  return change;
}

// `read` takes the document apart and throws Wrong.
template <typename Read>
auto Parse(std::string_view body, Read read) -> Result<decltype(read(json()))> {
  std::string what = "it is not JSON";
  try {
    const json document = json::parse(body, nullptr, false);
    if (!document.is_discarded()) return read(document);
  } catch (const Wrong& wrong) {
    what = wrong.what;
  } catch (const json::exception& wrong) {
    what = wrong.what();
  }
  return Error{.code = Code::kInternal,
               .message = "the answer is not one of a controller: " + what};
}

}  // namespace

Result<ControllerElection> ReadElection(std::string_view body) {
  return Parse(body, [](const json& document) {
    auto view = std::make_shared<ElectionView>();
    const auto name = As<std::string>(document, "election");
    view->ns = name.substr(0, name.find('/'));
    view->name = name.substr(std::min(name.size(), view->ns.size() + 1));
    view->prefix = Maybe<std::string>(document, "prefix").value_or("");
    view->queue = Queue(document);
    view->leader_since = Time(document, "since");
    const Moment moment = MomentOf(document);
    view->last_change = moment.revision;
    return ControllerElection{.answer = {.view = std::move(view), .moment = moment},
                              .candidates = Maybe<size_t>(document, "candidates"),
                              .queue_cut = Maybe<bool>(document, "queueCut").value_or(false)};
  });
}

Result<ControllerPage> ReadPage(std::string_view body) {
  return Parse(body, [](const json& document) {
    ControllerPage page{.next = Maybe<std::string>(document, "continue").value_or("")};
    for (const json& each : At(document, "elections")) {
      page.list.elections.push_back(SummaryOf(each));
    }
    page.list.moment = MomentOf(document);
    return page;
  });
}

Result<HistoryAnswer> ReadHistory(std::string_view body) {
  return Parse(body, [](const json& document) {
    HistoryAnswer answer;
    for (const json& each : At(document, "changes")) answer.changes.push_back(Change(each));
    answer.complete_since = SeenAt(At(document, "completeSince"));
    answer.moment = MomentOf(document);
    return answer;
  });
}

Result<bool> ReadStale(std::string_view data) {
  return Parse(data, [](const json& document) { return As<bool>(document, "stale"); });
}

Result<std::string> ReadUnknown(std::string_view data) {
  return Parse(data, [](const json& document) { return As<std::string>(document, "election"); });
}

}  // namespace bellwether::cli
