// All keys of a range, however many, as they are at one revision.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "etcd/client.h"

namespace bellwether::cli {

struct Listing {
  Revision revision;
  WallTime as_of;  // when it was asked for
  std::vector<etcd::KeyValue> kvs;
};

// Reads [begin, end) page by page and calls `done` once, on the client's thread. Compacted between
// two pages, it begins again, a few times.
void List(etcd::Client& client, const std::string& begin, const std::string& end,
          etcd::Callback<Listing> done);

}  // namespace bellwether::cli
