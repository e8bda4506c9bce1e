// What a controller's HTTP answers and events say. Pure. Whatever they hold is checked: kInternal
// says what is not as it should be.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/answers.h"

namespace bellwether::cli {

// GET …/leader and its events, which show the first place alone; GET /v1/elections/{ns}/{name}.
struct ControllerElection {
  ElectionAnswer answer;
  std::optional<size_t> candidates;
  bool queue_cut = false;
};
Result<ControllerElection> ReadElection(std::string_view body);

// One page of GET /v1/elections; `next` is the token of the page after, "" at the end.
struct ControllerPage {
  ListAnswer list;
  std::string next;
};
Result<ControllerPage> ReadPage(std::string_view body);

// GET …/history.
Result<HistoryAnswer> ReadHistory(std::string_view body);

// "freshness": whether what was told before is stale.
Result<bool> ReadStale(std::string_view data);
// "unknown": of which election it is told that it has no candidate.
Result<std::string> ReadUnknown(std::string_view data);

}  // namespace bellwether::cli
