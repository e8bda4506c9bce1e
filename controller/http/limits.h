// What a client may take from the server. Whatever clients do, memory is bounded by
//   connections x (header_bytes + body_bytes + 16 KiB of answer) + bytes_under_way + one answer per
//   thread being made + watchers x 16 KiB and one event in flight + streams of many x
//   Outbox::kMaxWaiting names of elections.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace bellwether::http {

struct Limits {
  size_t header_bytes = 8 * 1024;  // request line and fields; beyond: 431, or 414 when the request
                                   // line alone is that long
  size_t target_bytes = 4 * 1024;  // beyond: 414
  size_t body_bytes =
      16 * 1024;  // beyond: 413; no call reads a body yet, so it is read and dropped
  // Beyond: 503 and closed. Not "accept no more": who waits in a kernel queue learns nothing.
  size_t connections = 1000;
  Milliseconds header_timeout{
      10000};  // from a request's first byte (for the first one: from the connect) to its header's
               // end, then as long again for a body; then the connection is cut
  Milliseconds idle_timeout{75000};  // between two requests
  Milliseconds answer_timeout{
      5000};  // for an answer that comes from elsewhere, such as etcd; beyond: 503
  Milliseconds write_timeout{30000};  // for taking one whole answer; then the connection is cut
  size_t bytes_under_way =
      256u << 20;  // of large answers that clients have not taken yet, all together; beyond: 503
  // Calls that wait for a change and event streams, together; beyond: 503. Less than connections,
  // so that there is always room for who only asks.
  size_t watchers = 800;
  size_t linearizable_reads = 64;  // under way in etcd at once; beyond: 503
};

}  // namespace bellwether::http
