#include "rest/server_choice.h"

#include <algorithm>
#include <utility>

namespace bellwether::rest {

Milliseconds ServerChoice::OnFailed(std::optional<Milliseconds> at_least) {
  current_ = (current_ + 1) % servers_;
  at_least_ = std::max(at_least_, at_least);
  if (++failed_ % servers_ != 0) return Milliseconds(0);
  const Milliseconds asked = std::exchange(at_least_, std::nullopt).value_or(Milliseconds(0));
  return std::max(backoff_.Next(), asked);
}

void ServerChoice::OnWorked() {
  failed_ = 0;
  at_least_.reset();
  backoff_.Reset();
}

}  // namespace bellwether::rest
