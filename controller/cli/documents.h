// Elections as documents, with the names that the HTTP API uses for the same things.
#pragma once

#include "cli/answers.h"
#include "cli/output.h"
#include "election/view.h"

namespace bellwether::cli {

// {"id","address","value","key","lease"}; null for nobody.
Document LeaderDocument(const election::CandidateView* leader);
Document TokenDocument(const election::ElectionView& view);

// What every answer ends with: the revision it holds at, when etcd was asked, and whether a
// controller has no word from etcd since.
void AddMoment(Document* document, const Moment& moment);

// A key's lease as a column: "-" for none.
std::string LeaseColumn(LeaseId lease);

}  // namespace bellwether::cli
