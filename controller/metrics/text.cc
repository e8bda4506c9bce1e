#include "metrics/text.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace bellwether::metrics {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Needs neither cleaning nor escapes.
bool IsPlain(std::string_view value) {
  return value.size() <= kMaxLabelValueBytes && std::all_of(value.begin(), value.end(), [](char c) {
           return c >= ' ' && c < 0x7F && c != '\\' && c != '"';
         });
}

}  // namespace

std::string CleanLabelValue(std::string_view bytes) {
  std::string clean;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = Utf8Length(bytes.substr(i));
    const bool good = length > 0 && !IsControl(bytes[i]);
    const std::string_view next = good ? bytes.substr(i, length) : kReplacement;
    if (clean.size() + next.size() > kMaxLabelValueBytes) break;
    clean += next;
    i += good ? length : 1;
  }
  return clean;
}

void AppendLabel(std::string_view name, std::string_view value, std::string& labels) {
  if (!labels.empty()) labels += ',';
  labels.append(name).append("=\"");
  if (IsPlain(value)) {  // nearly all are, and a scrape has hundreds of thousands
    labels.append(value).append("\"");
    return;
  }
  for (const char c : CleanLabelValue(value)) {
    // A line feed needs an escape too, but is a control character and gone by now.
    if (c == '\\' || c == '"') labels += '\\';
    labels += c;
  }
  labels += '"';
}

Family::Family(std::string& out, std::string_view name, Kind kind, std::string_view help)
    : out_(out), name_(name) {
  out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out_.append("# TYPE ").append(name).append(kind == Kind::kCounter ? " counter\n" : " gauge\n");
}

template <typename Number>
void Family::Append(std::string_view labels, Number value) {
  out_ += name_;
  if (!labels.empty()) {
    out_ += '{';
    out_ += labels;
    out_ += '}';
  }
  out_ += ' ';
  char digits[32];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  out_ += '\n';
}

void Family::Add(std::string_view labels, int64_t value) { Append(labels, value); }
void Family::Add(std::string_view labels, uint64_t value) { Append(labels, value); }
void Family::Add(std::string_view labels, double value) { Append(labels, value); }

}  // namespace bellwether::metrics
