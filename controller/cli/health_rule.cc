#include "cli/health_rule.h"

namespace bellwether::cli {

std::optional<HealthRule::State> HealthRule::OnAnswer(MonotonicTime sent_at, bool well) {
  if (well) {
    failed_ = 0;
    if (++passed_ < times_.successes || state_ == State::kWell) return std::nullopt;
    state_ = State::kWell;
    return state_;
  }
  passed_ = 0;
  if (state_ == State::kStarting && sent_at < begin_ + times_.start) return std::nullopt;
  if (++failed_ < times_.failures || state_ == State::kFailing) return std::nullopt;
  state_ = State::kFailing;
  return state_;
}

}  // namespace bellwether::cli
