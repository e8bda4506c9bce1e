#include "election/view.h"

namespace bellwether::election {

bool Freshness::FreshAt(MonotonicTime now) const {
  return loaded && watching && now - as_of <= kFreshFor;
}

}  // namespace bellwether::election
