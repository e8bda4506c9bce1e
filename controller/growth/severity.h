// How urgent a forecast is, without flapping.
#pragma once

#include "growth/forecast.h"

namespace bellwether::growth {

enum class Severity { kNone, kInfo, kWarning, kCritical };
const char* ToString(Severity severity);

// What a forecast amounts to by itself. `margin` times closer to full than it says: 1 to raise,
// more to clear.
Severity SeverityOf(const Forecast& forecast, double margin);

// Raises after 3 readings that agree, clears after 15 that are clear by a margin. NOSPACE is
// critical at once.
class SeverityLatch {
 public:
  Severity Add(const Forecast& forecast);
  Severity severity() const { return severity_; }

 private:
  Severity severity_ = Severity::kNone;
  int above_ = 0;  // readings in a row that say more than severity_
  Severity least_above_ = Severity::kNone;
  int below_ = 0;  // readings in a row that say less
  Severity most_below_ = Severity::kNone;
};

}  // namespace bellwether::growth
