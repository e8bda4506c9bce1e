#include "cli/output.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "cli/choice_flag.h"

namespace bellwether::cli {
namespace {

const std::map<std::string, Format> kFormats = {{"table", Format::kTable},
                                                {"wide", Format::kWide},
                                                {"json", Format::kJson},
                                                {"yaml", Format::kYaml}};

void Emit(YAML::Emitter& out, const Document& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [name, member] : value.items()) {
      out << YAML::Key << name << YAML::Value;
      Emit(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const Document& element : value) Emit(out, element);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    // Quoted always: an id may read "no" or "42", and stays text.
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else if (value.is_boolean()) {
    out << value.get<bool>();
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.get<int64_t>();
  }
}

}  // namespace

void AddOutputFlag(CLI::App& command, Format* format) {
  AddChoiceFlag(command, "-o,--output", kFormats, format, "form of the output");
}

std::string Printable(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) text[i] = '?';
    // C1 controls, which some terminals obey: U+0080 to U+009F.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) text.replace(i, 2, "?");
  }
  return text;
}

std::string Render(const Document& document, Format format) {
  const auto replace = Document::error_handler_t::replace;
  if (format != Format::kYaml) return document.dump(2, ' ', false, replace) + "\n";
  YAML::Emitter out;
  // Through text once, so that both forms have the same bytes replaced.
  Emit(out, Document::parse(document.dump(-1, ' ', false, replace)));
  return std::string(out.c_str()) + "\n";
}

std::string RenderOneOfMany(const Document& document, Format format) {
  if (format == Format::kYaml) return "---\n" + Render(document, format);
  return document.dump(-1, ' ', false, Document::error_handler_t::replace) + "\n";
}

Status Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return Ok();
  }
  return Error{.code = Code::kInternal,
               .message = std::string("cannot write to standard output: ") + std::strerror(errno)};
}

}  // namespace bellwether::cli
