#include "unit/app/another_validator.h"

#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace bellwether::app {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

// A format is an annotation to other validators; this one asks it of numbers too, and throws. (A
// property may be called so too.)
json WithoutFormats(json schema) {
  if (schema.is_object() && schema.value("format", json()).is_string()) schema.erase("format");
  for (json& child : schema) {
    if (child.is_structured()) child = WithoutFormats(std::move(child));
  }
  return schema;
}

}  // namespace

struct AnotherValidator::Parsed {
  explicit Parsed(const json& text) {
    const json plain = WithoutFormats(text);
    valijson::SchemaParser().populateSchema(NlohmannJsonAdapter(plain), schema);
  }
  valijson::Schema schema;
};

AnotherValidator::AnotherValidator(const json& schema)
    : parsed_(std::make_unique<const Parsed>(schema)) {}
AnotherValidator::~AnotherValidator() = default;

bool AnotherValidator::Accepts(const json& document) const {
  valijson::Validator validator;
  return validator.validate(parsed_->schema, NlohmannJsonAdapter(document), nullptr);
}

}  // namespace bellwether::app
