#include "election/value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bellwether::election {
namespace {

constexpr size_t kMaxForeignId = 63;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool IsPrintableAscii(char c) { return c > 0x20 && c < 0x7f; }

// The text of a member, or "" where it is missing or something else.
std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_string()) return {};
  return it->get<std::string>();
}

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::none_of(text.begin(), text.end(), IsControl);
}

// Addresses end up in HTTP headers (redirects), so nothing that could end a header line may pass.
bool IsAddress(const std::string& text) {
  return text.size() <= kMaxAddressBytes &&
         std::none_of(text.begin(), text.end(), [](char c) { return IsControl(c) || c == ' '; });
}

}  // namespace

std::string EncodeValue(const CandidateInfo& info) {
  nlohmann::ordered_json object{{"id", info.id}};
  if (!info.address.empty()) object["address"] = info.address;
  if (!info.value.empty()) object["value"] = info.value;
  if (!info.secret_hash.empty()) object["secret"] = info.secret_hash;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

DescribedValue DescribeValue(std::string_view value, LeaseId lease) {
  if (value.size() <= kMaxOurValueBytes && value.starts_with('{')) {
    const auto object = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
    if (object.is_object()) {
      DescribedValue described{.id = TextOf(object, "id"),
                               .address = TextOf(object, "address"),
                               .value = TextOf(object, "value"),
                               .ours = true};
      if (!IsAddress(described.address)) described.address.clear();
      if (IsId(described.id)) return described;
    }
  }
  DescribedValue foreign{.value = std::string(value)};
  const bool readable = !value.empty() && value.size() <= kMaxForeignId &&
                        std::all_of(value.begin(), value.end(), IsPrintableAscii);
  foreign.id = readable ? std::string(value) : "lease:" + lease.Hex();
  return foreign;
}

}  // namespace bellwether::election
