// How many keys to ask for in one answer of a list. etcd counts the whole range for each page, so
// that pages of a thousand keys make a list of 300,000 ten times as long as pages of some
// megabytes. But clients put what they like: a thousand keys may be a hundred kilobytes or more
// than a gigabyte. So the next page is sized by what the last one held, and where the transport
// refuses an answer beyond kMaxRangeBytes (Code::kTooLarge), the next try asks for half as many.
// Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "etcd/api.h"

namespace bellwether::etcd {

// One key with a value, of at most etcd's --max-request-bytes (1.5 MiB unless raised), always fits.
inline constexpr size_t kMaxRangeBytes = 32u << 20;

class PageSize {
 public:
  int64_t keys() const { return keys_; }
  // False when a single key was too large already: there is nothing smaller to ask for.
  bool Halve() {
    if (keys_ == 1) return false;
    keys_ /= 2;
    return true;
  }
  // The same when this may be why no page has come: it was too large, or took too long. False for
  // any other error.
  bool HalveAfter(const Error& why) {
    return (why.code == Code::kTooLarge || (why.code == Code::kDeadline && keys_ > kFirst)) &&
           Halve();
  }
  // A page has come: the next one holds kAimBytes of keys like these, but at most four times as
  // many, and at least kFirst of them (or twice as many, where so many were refused).
  void Grow(const std::vector<KeyValue>& page) {
    size_t bytes = 1;
    for (const KeyValue& kv : page) bytes += kv.key.size() + kv.value.size();
    const auto fit = static_cast<int64_t>(kAimBytes * (page.size() + 1) / bytes);
    keys_ = std::clamp(fit, std::min(keys_ * 2, kFirst), std::min(keys_ * 4, kMost));
  }

 private:
  static constexpr size_t kAimBytes = 4u << 20;
  static constexpr int64_t kFirst = 1000;
  static constexpr int64_t kMost = 8000;
  int64_t keys_ = kFirst;
};

}  // namespace bellwether::etcd
