// The descriptors of this process, in order for what it starts.
#pragma once

#include "base/result.h"

namespace bellwether::cli {

// /dev/null where 0, 1 or 2 is closed, so that nothing else takes its place.
void OpenMissingStandardDescriptors();
// To be called right before exec: also where one of ours, which ends there, has taken the place.
void InheritStandardDescriptors();
// Closes all but 0, 1 and 2.
void CloseAllButStandard();
// /dev/null in the place of a terminal as standard input.
void ReadNothingFromATerminal();

// An error when so few may be open that gRPC would end the process without a word of use.
Status CheckDescriptorLimit();

}  // namespace bellwether::cli
