#include "cli/documents.h"

namespace bellwether::cli {

Document LeaderDocument(const election::CandidateView* leader) {
  if (leader == nullptr) return nullptr;
  return {{"id", leader->id},
          {"address", leader->address},
          {"value", leader->value},
          {"key", leader->key},
          {"lease", leader->lease ? Document(leader->lease.Hex()) : Document(nullptr)}};
}

Document TokenDocument(const election::ElectionView& view) {
  const auto token = view.token();
  return token ? Document(token->value) : Document(nullptr);
}

void AddMoment(Document* document, const Moment& moment) {
  (*document)["revision"] = moment.revision.value;
  (*document)["asOf"] = Rfc3339(moment.as_of);
  (*document)["stale"] = moment.stale;
}

std::string LeaseColumn(LeaseId lease) { return lease ? lease.Hex() : "-"; }

}  // namespace bellwether::cli
