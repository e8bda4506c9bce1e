// How subcommands print: tables (table.h) for people, JSON and YAML for programs. Data goes to
// standard output, talk (talk.h) to standard error. Fields of a document are only ever added.
#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace bellwether::cli {

using Document = nlohmann::ordered_json;

enum class Format { kTable, kWide, kJson, kYaml };

inline bool ForPeople(Format format) { return format == Format::kTable || format == Format::kWide; }

// What --help calls the value of a flag that names a file; completion offers files there.
inline constexpr const char* kFileType = "FILE";

// -o table|wide|json|yaml. Where a subcommand has nothing to add, wide is as table.
void AddOutputFlag(CLI::App& command, Format* format);

// Text of others, made harmless for a terminal: control characters become '?'.
std::string Printable(std::string text);

// As JSON (indented) or YAML, with a newline at the end. Bytes that are not UTF-8 are replaced.
std::string Render(const Document& document, Format format);
// One of a stream of documents: JSON on one line, YAML with "---" before it.
std::string RenderOneOfMany(const Document& document, Format format);

// Writes and flushes; a full disk or a closed pipe is an error, not silence.
Status Print(const std::string& text);

}  // namespace bellwether::cli
