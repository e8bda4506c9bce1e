// A validator of JSON schema draft 7 that is not ours (valijson).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

namespace bellwether::app {

class AnotherValidator {
 public:
  explicit AnotherValidator(const nlohmann::json& schema);
  ~AnotherValidator();
  bool Accepts(const nlohmann::json& document) const;

 private:
  struct Parsed;
  const std::unique_ptr<const Parsed> parsed_;
};

}  // namespace bellwether::app
