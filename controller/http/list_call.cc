#include "http/list_call.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "election/name.h"
#include "http/answers.h"
#include "http/common_answers.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

using election::ElectionPtr;
using election::ElectionView;

constexpr std::string_view kTokenVersion = "1:";

// Where a page begins, opaque to clients: what is in it may change between releases.
std::string ContinueToken(const std::string& after) {
  return Base64Url(std::string(kTokenVersion) + after);
}

std::optional<std::string> FromContinueToken(std::string_view token) {
  auto text = FromBase64Url(token);
  if (!text || !text->starts_with(kTokenVersion)) return std::nullopt;
  text->erase(0, kTokenVersion.size());
  if (!election::ParseElectionName(*text)) return std::nullopt;
  return text;
}

struct Wanted {
  std::string ns;
  std::optional<bool> led;
  size_t limit = kDefaultPage;
  std::string after;
};

std::variant<Wanted, Response> Read(const Call& call) {
  Wanted wanted;
  if (const std::string* ns = call.Find("namespace")) {
    if (!election::IsDnsLabel(*ns)) {
      return InvalidParameter("namespace", *ns, "a DNS label: 1 to 63 of a-z, 0-9 and '-'");
    }
    wanted.ns = *ns;
  }
  if (const std::string* state = call.Find("state")) {
    if (*state != "led" && *state != "vacant") {
      return InvalidParameter("state", *state, "\"led\" or \"vacant\"", {"led", "vacant"});
    }
    wanted.led = *state == "led";
  }
  if (auto wrong = ReadLimit(call, kMaxPage, &wanted.limit)) return *std::move(wrong);
  if (const std::string* token = call.Find("continue")) {
    auto after = FromContinueToken(*token);
    if (!after) {
      return InvalidParameter("continue", *token, "the \"continue\" of the page before, as it was");
    }
    wanted.after = *std::move(after);
  }
  return wanted;
}

struct Page {
  std::string items;  // JSON, separated by commas
  std::string last;   // the name of the last election looked at
  bool more = false;  // others follow that match
};

Page ReadPage(const election::ViewStore& views, const Wanted& wanted) {
  Page page{.items = {}, .last = wanted.after};
  size_t shown = 0;
  while (true) {
    const auto found = views.List(wanted.ns, page.last, wanted.limit + 1);
    for (const ElectionPtr& view : found) {
      const bool led = view->leader() != nullptr;
      if (!wanted.led || *wanted.led == led) {
        if (shown == wanted.limit || page.items.size() > kMaxAnswerBytes) {
          page.more = true;
          return page;
        }
        if (shown++ > 0) page.items += ',';
        page.items += Dump(ListItem(*view));
      }
      page.last = view->ns + "/" + view->name;
    }
    if (found.size() <= wanted.limit) return page;
  }
}

}  // namespace

Response ListElections(const Call& call, const election::ViewStore& views) {
  if (!ChooseType(call.request.accept, {kJson})) return NotAcceptable({kJson});
  auto read = Read(call);
  if (auto* wrong = std::get_if<Response>(&read)) return std::move(*wrong);
  const election::Freshness freshness = views.freshness();
  if (!freshness.loaded) return NotLoaded();
  const Page page = ReadPage(views, std::get<Wanted>(read));

  Json rest;
  if (page.more) rest["continue"] = ContinueToken(page.last);
  rest["revision"] = freshness.revision.value;
  AddFreshness(rest, freshness, call.now);
  Response response = JsonOk("{\"elections\":[" + page.items + "]," + Dump(rest).substr(1));
  response.headers.push_back(StaleHeader(freshness, call.now));
  return response;
}

}  // namespace bellwether::http
