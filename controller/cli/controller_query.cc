#include "cli/controller_query.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "rest/http_client.h"
#include "rest/problem.h"

namespace bellwether::cli {
namespace {

constexpr const char* kUnknownElection = "unknown-election";
constexpr size_t kMaxElections = 1000000;

Error NotUnderstood(const rest::Response& response, Error error) {
  error.message = response.asked + ": " + error.message +
                  "; check that the URL is a controller's and that it is of this release";
  return error;
}

Moment MomentOfUnknown(const rest::Response& response) {
  return {.as_of = std::chrono::system_clock::now(),
          .stale = response.Find("x-bellwether-stale") == "true"};
}

// Of an election that is not known, in the words of one that is: nobody leads it.
ControllerElection Vacant(const Target& target, const rest::Response& response) {
  auto view = std::make_shared<election::ElectionView>();
  view->ns = target.name.substr(0, target.name.find('/'));
  view->name = target.name.substr(std::min(target.name.size(), view->ns.size() + 1));
  return {.answer = {.view = std::move(view), .moment = MomentOfUnknown(response)},
          .candidates = 0};
}

// One answer: what `read` makes of its body, or `unknown` of a 404.
template <typename T, typename Unknown>
Result<T> AskOnce(const SourceFlags& flags, const std::string& path,
                  Result<T> (*read)(std::string_view), Unknown unknown) {
  std::optional<T> answer;
  const Status asked =
      AskController(flags, path, [&](const rest::Response& response) -> Result<std::string> {
        if (response.status == 404) {
          answer = unknown(response);
          return std::string();
        }
        auto told = read(response.body);
        if (!told) return told.error();
        answer = *std::move(told);
        return std::string();
      });
  if (!asked) return asked.error();
  return *std::move(answer);
}

}  // namespace

Result<rest::Peer> PeerOf(const SourceFlags& flags) {
  auto servers = rest::ParseServers(flags.controllers);
  if (!servers) {
    Error error = servers.error();
    error.message = "--controller: " + error.message;
    return error;
  }
  const ConnectionFlags& files = flags.connection;
  return rest::Peer{.servers = *std::move(servers),
                    .tls = {files.ca_file, files.cert_file, files.key_file}};
}

Error WithControllerAdvice(Error error) {
  if (error.code == Code::kUnavailable || error.code == Code::kDeadline) {
    error.message += "; check --controller and that the controller runs, then ask again";
  }
  return error;
}

Status AskController(const SourceFlags& flags, std::string path,
                     const std::function<Result<std::string>(const rest::Response&)>& next) {
  const auto peer = PeerOf(flags);
  if (!peer) return peer.error();
  EventLoop loop;
  auto client = rest::HttpClient::Make(loop, *peer, {});
  if (!client) return client.error();
  Status outcome = Ok();
  std::function<void(Result<rest::Response>)> on_answer;
  const auto ask = [&](const std::string& wanted) {
    (*client)->Call({.path = wanted, .headers = {{"Accept", "application/json"}}}, on_answer);
  };
  on_answer = [&](const Result<rest::Response>& response) {
    if (!response) {
      outcome = WithControllerAdvice(response.error());
      return loop.Stop();
    }
    const bool unknown = response->status == 404 && rest::IsProblem(*response, kUnknownElection);
    if (!unknown && response->status != 200) {
      outcome = WithControllerAdvice(rest::RefusalOf(*response));
      return loop.Stop();
    }
    const auto then = next(*response);
    if (then && !then->empty()) return ask(*then);
    if (!then) outcome = NotUnderstood(*response, then.error());
    loop.Stop();
  };
  loop.Post([&] { ask(path); });
  loop.Run();
  client->reset();
  return outcome;
}

std::string PathOf(const Target& target, const std::string& rest) {
  const size_t slash = target.name.find('/');
  return "/v1/elections/" + rest::Encode(target.name.substr(0, slash)) + "/" +
         rest::Encode(target.name.substr(slash + 1)) + rest;
}

Result<ControllerElection> AskElection(const SourceFlags& flags, const Target& target,
                                       const std::string& rest) {
  return AskOnce<ControllerElection>(
      flags, PathOf(target, rest), ReadElection,
      [&](const rest::Response& response) { return Vacant(target, response); });
}

Result<HistoryAnswer> AskHistory(const SourceFlags& flags, const Target& target,
                                 std::optional<size_t> limit) {
  const std::string query = limit ? "?limit=" + std::to_string(*limit) : "";
  return AskOnce<HistoryAnswer>(flags, PathOf(target, "/history" + query), ReadHistory,
                                [](const rest::Response& response) {
                                  return HistoryAnswer{.moment = MomentOfUnknown(response)};
                                });
}

Result<ListAnswer> AskList(const SourceFlags& flags) {
  std::optional<ListAnswer> whole;
  const std::string first = "/v1/elections?limit=1000";
  const Status asked =
      AskController(flags, first, [&](const rest::Response& response) -> Result<std::string> {
        auto page = ReadPage(response.body);
        if (!page) return page.error();
        if (!whole) {
          whole = std::move(page->list);
        } else {
          // Each page is of its own moment; what is said of all of them holds for the oldest.
          Moment& moment = whole->moment;
          moment.revision = std::min(moment.revision, page->list.moment.revision);
          moment.as_of = std::min(moment.as_of, page->list.moment.as_of);
          moment.stale |= page->list.moment.stale;
          std::move(page->list.elections.begin(), page->list.elections.end(),
                    std::back_inserter(whole->elections));
        }
        if (whole->elections.size() > kMaxElections) {
          return Error{
              .code = Code::kTooLarge,
              .message = "it lists more than " + std::to_string(kMaxElections) + " elections"};
        }
        return page->next.empty() ? std::string() : first + "&continue=" + rest::Encode(page->next);
      });
  if (!asked) return asked.error();
  return *std::move(whole);
}

}  // namespace bellwether::cli
