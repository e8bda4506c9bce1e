#include "cli/listing.h"

#include <memory>
#include <utility>

#include "etcd/page_size.h"

namespace bellwether::cli {
namespace {

constexpr int kMaxTries = 3;

class Lister : public std::enable_shared_from_this<Lister> {
 public:
  Lister(etcd::Client& client, std::string begin, std::string end, etcd::Callback<Listing> done)
      : client_(client), begin_(std::move(begin)), end_(std::move(end)), done_(std::move(done)) {}

  void Begin() {
    ++tries_;
    listing_ = {.as_of = std::chrono::system_clock::now()};
    ReadPage(begin_);
  }

 private:
  void ReadPage(const std::string& from) {
    client_.Range(
        {.key = from, .range_end = end_, .limit = page_.keys(), .at_revision = listing_.revision},
        {}, [self = shared_from_this(), from](Result<etcd::RangeResponse> page) {
          self->OnPage(from, std::move(page));
        });
  }

  void OnPage(const std::string& from, Result<etcd::RangeResponse> page) {
    if (!page) {
      if (page_.HalveAfter(page.error())) return ReadPage(from);
      if (page.error().code == Code::kCompacted && tries_ < kMaxTries) return Begin();
      return done_(page.error());
    }
    const Result<std::optional<std::string>> next = etcd::NextPage(*page, from, end_);
    if (!next) return done_(next.error());
    page_.Grow(page->kvs);
    if (!listing_.revision) listing_.revision = page->header.revision;
    for (etcd::KeyValue& kv : page->kvs) listing_.kvs.push_back(std::move(kv));
    if (!*next) return done_(std::move(listing_));
    ReadPage(**next);
  }

  etcd::Client& client_;
  const std::string begin_;
  const std::string end_;
  const etcd::Callback<Listing> done_;
  etcd::PageSize page_;
  int tries_ = 0;
  Listing listing_;
};

}  // namespace

void List(etcd::Client& client, const std::string& begin, const std::string& end,
          etcd::Callback<Listing> done) {
  std::make_shared<Lister>(client, begin, end, std::move(done))->Begin();
}

}  // namespace bellwether::cli
