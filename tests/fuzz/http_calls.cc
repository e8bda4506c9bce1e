// One request as text: "METHOD TARGET", then lines "accept: …", "if-none-match: …",
// "last-event-id: …" and "address: …", which is the address that a leader has registered. It goes
// through everything that takes text apart and through all calls, without a connection.
//
// Planted fault: the last segment of a redirected path is not looked at.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/fuzzing.h"
#include "fuzz/http_world.h"
#include "http/calls.h"
#include "http/etag.h"
#include "http/negotiation.h"
#include "http/redirect_target.h"
#include "http/response_head.h"
#include "http/target.h"
#include "http/watch_parameters.h"

namespace bellwether::http {
namespace {

using fuzz::Require;

struct Input {
  Request request;
  std::string address;
};

Input Parse(std::string_view text) {
  Input input;
  const std::string_view first = fuzz::TakeLine(text);
  const size_t space = first.find(' ');
  input.request.method = first.substr(0, space);
  if (space != std::string_view::npos) input.request.target = first.substr(space + 1);
  while (!text.empty()) {
    const std::string_view line = fuzz::TakeLine(text);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string value(line.substr(colon + 2));
    if (name == "accept") input.request.accept = value;
    if (name == "if-none-match") input.request.if_none_match = value;
    if (name == "last-event-id") input.request.last_event_id = value;
    if (name == "address") input.address = value;
  }
  return input;
}

class Later final : public Waiter {
 public:
  Answer AnswerLater() override {
    return [this](Response response) { response_ = std::move(response); };
  }
  void AnswerOnChange(ChangeWait wait) override {
    Require(wait.wait <= kMaxWait, "a wait is bounded");
    for (const bool behind : {true, false}) response_ = wait.answer(behind, fuzz::kNow);
  }
  void StreamEvents(Subject, Response head) override { response_ = std::move(head); }
  std::optional<Response> Take() { return std::move(response_); }

 private:
  std::optional<Response> response_;
};

// --- What must hold

// Once, as who is redirected does it.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(text.data() + std::min(i + 1, text.size()),
                        text.data() + std::min(i + 3, text.size()), value, 16);
    if (text[i] == '%' && error == std::errc() && end == text.data() + i + 3) {
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// How deep below its start the path ends, at its highest point: negative = it has left.
int HighestPoint(std::string path) {
  std::ranges::replace(path, '\\', '/');
  int depth = 0, highest = 0;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == ".." || segment.starts_with("..;")) {
      --depth;
    } else if (segment != ".") {
      ++depth;
    }
    highest = std::min(highest, depth);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return highest;
}

bool MayBeAppended(std::string_view raw_path) {
  if (!fuzz::FaultIsPlanted()) return StaysBelow(raw_path);
  const size_t slash = raw_path.rfind('/');
  return slash == std::string_view::npos || StaysBelow(raw_path.substr(0, slash));
}

bool HasControl(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void CheckTarget(const std::string& text) {
  const auto target = ParseTarget(text);
  if (!target) return;
  const auto within = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
  };
  Require(within(target->raw_path) && within(target->raw_query), "raw parts lie in the text");
  Require(!target->path.empty(), "a path has a segment");
  for (const std::string& segment : target->path) {
    Require(!HasControl(segment), "no control character is decoded");
  }
  const auto segments = std::ranges::count(target->raw_path, '/') + 1;
  Require(static_cast<size_t>(segments) == target->path.size(), "a path is split before decoding");
  for (const Parameter& parameter : target->query) {
    Require(!HasControl(parameter.name) && !HasControl(parameter.value),
            "no control character is decoded");
  }
  static constexpr std::string_view kBefore = "/redirect/";
  const size_t before = target->raw_path.find(kBefore);
  const auto raw =
      target->raw_path.substr(before == std::string_view::npos ? 0 : before + kBefore.size());
  if (MayBeAppended(raw)) {
    const std::string decoded = Decoded(raw);
    Require(HighestPoint(decoded) >= 0 && !decoded.starts_with('/'), "a redirect stays below");
  }
}

void CheckNegotiation(std::string_view accept) {
  const std::vector<std::string_view> offers = {kJson, kEventStream, kText};
  const auto chosen = ChooseType(accept, offers);
  bool any = false;
  for (const std::string_view offer : offers) {
    const bool alone = ChooseType(accept, {offer}).has_value();
    any |= alone;
    if (chosen == offer) Require(alone, "what is chosen is acceptable by itself");
  }
  Require(any == chosen.has_value(), "something is chosen when something is acceptable");
}

void CheckEtag(const Input& input) {
  const election::CandidateView leader{.id = input.request.accept,
                                       .address = input.address,
                                       .value = input.request.last_event_id,
                                       .create_revision = {7}};
  const std::string tag = LeaderEtag(&leader, {kJson});
  Require(!HasControl(tag) && tag.starts_with("W/\"") && tag.ends_with('"'), "a tag is a tag");
  Require(EtagMatches(tag, tag) && EtagMatches("\"x\", " + tag, tag), "a tag matches itself");
  const std::string& header = input.request.if_none_match;
  if (EtagMatches(header, tag)) {
    Require(
        header.find('*') != std::string::npos || header.find(tag.substr(2)) != std::string::npos,
        "what matches names the tag");
  }
}

void CheckEventId(std::string_view text) {
  const auto subject = ParseEventId(text);
  if (subject) Require(subject->after.value >= 0, "an event's revision is one");
}

void CheckResponse(const Input& input, const Response& response) {
  static constexpr int kStatuses[] = {200, 204, 304, 307, 400, 404, 405, 406, 501, 503};
  Require(std::ranges::find(kStatuses, response.status) != std::end(kStatuses),
          "a call is answered with a status of its own");
  const std::string head = FormatHead(response, true, WallTime{});
  Require(head.find("\r\n\r\n") == head.size() - 4, "a head ends once");
  for (size_t at = head.find('\n'); at != std::string::npos; at = head.find('\n', at + 1)) {
    Require(at > 0 && head[at - 1] == '\r', "lines end with CRLF");
  }
  if (response.content_type == kJson || response.content_type == "application/problem+json") {
    Require(nlohmann::json::accept(response.body), "JSON is JSON");
  }
  for (const Header& header : response.headers) {
    if (header.name != "Location") continue;
    Require(header.value.starts_with("http://10.0.0.1:80/app/") ||
                (IsRedirectBase(input.address) && header.value.starts_with(input.address)),
            "a redirect leads below the leader's address");
    Require(!HasControl(header.value) && header.value.find(' ') == std::string::npos,
            "a redirect is a URL");
  }
}

std::optional<Response> Ask(const Router& router, const Request& request) {
  Later later;
  auto response = router.Handle(request, fuzz::kNow, later);
  return response ? std::move(response) : later.Take();
}

void CheckCalls(const Input& input) {
  static election::ViewStore& views = *new election::ViewStore;
  static const Sources& sources = *new Sources(fuzz::MakeSources(views));
  static const Router router(AllCalls(sources, [] { return size_t{2}; }));
  fuzz::Publish(views, "odd", {input.address});
  const auto response = Ask(router, input.request);
  Require(response.has_value(), "each request is answered");
  CheckResponse(input, *response);
  if (input.request.method != "GET") return;
  Request head = input.request;
  head.method = "HEAD";
  const auto same = Ask(router, head);
  // A stream is for who reads its body.
  if (!response->endless) Require(same->status == response->status, "HEAD is answered as GET is");
}

void Check(std::string_view text) {
  const Input input = Parse(text);
  CheckTarget(input.request.target);
  CheckNegotiation(input.request.accept);
  CheckEtag(input);
  CheckEventId(input.request.last_event_id);
  CheckCalls(input);
}

}  // namespace
}  // namespace bellwether::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::http::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
