// What somebody probably meant who wrote a name that does not exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether {

// The known name that the fewest changed, missing, extra or swapped letters turn the word into;
// nullopt when even that one is too far away to be meant (more than a third of its letters). Case,
// '_' and '-' do not count. Of two equally near ones the first.
std::optional<std::string> NearestName(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace bellwether
