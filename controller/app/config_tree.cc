#include "app/config_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "base/utf8.h"

namespace bellwether::app {
namespace {

using Kind = ConfigNode::Kind;

constexpr size_t kMaxNodes = 10000;
constexpr size_t kMaxDepth = 32;

// --- Before the parser: what it would take, or report in a way that helps nobody.

bool CheckText(std::string_view text, int source, ConfigProblems& problems) {
  const size_t utf8 = Utf8Prefix(text);
  Mark at{source, 1, 1};
  bool indenting = true;
  bool good = true;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == utf8) {
      problems.Add(at, "", "not UTF-8; save the file in that encoding");
      return false;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      problems.Add(at, "", "a control character; is this a text file?");
      return false;
    }
    if (indenting && c == '\t') {
      problems.Add(at, "", "a tab as indentation, which YAML forbids; use spaces");
      good = false;
    }
    indenting = c == '\n' || (indenting && c == ' ');
    if (c == '\n') {
      at = {source, at.line + 1, 1};
    } else if ((c & 0xc0) != 0x80) {  // columns are characters
      ++at.column;
    }
  }
  return good;
}

// --- The parser's events, made into a tree.

// Ends the parse; the problem has been added.
struct Refused {};

Kind KindOf(const std::string& plain) {
  if (plain == "true" || plain == "True" || plain == "TRUE" || plain == "false" ||
      plain == "False" || plain == "FALSE")
    return Kind::kBool;
  const char* first = plain.data();
  const char* const last = first + plain.size();
  if (plain.starts_with('+')) ++first;
  if (first == last || (*first != '-' && *first != '.' && (*first < '0' || *first > '9')))
    return Kind::kString;
  int64_t integer = 0;
  if (const auto parsed = std::from_chars(first, last, integer);
      parsed.ec == std::errc() && parsed.ptr == last)
    return Kind::kInteger;
  double number = 0;
  const auto parsed = std::from_chars(first, last, number);
  // Out of a double's range is a number all the same.
  return parsed.ptr == last && parsed.ec != std::errc::invalid_argument ? Kind::kNumber
                                                                        : Kind::kString;
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(int source, ConfigProblems& problems) : source_(source), problems_(problems) {}

  ConfigNode TakeRoot() { return std::move(root_); }

 private:
  // A list or map that is still being read.
  struct Open {
    ConfigNode node;
    std::map<std::string, Mark> seen;  // keys
    std::optional<std::string> key;    // read, its value not yet
    Mark key_at;
  };

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Scalar({.kind = Kind::kNull, .at = MarkOf(mark)});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(MarkOf(mark), "aliases (*name) are not read here; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    const Mark at = MarkOf(mark);
    CheckTag(at, tag);
    Scalar({.kind = tag == "!" ? Kind::kString : KindOf(value), .at = at, .text = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Start(Kind::kList, MarkOf(mark), tag);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Start(Kind::kMap, MarkOf(mark), tag);
  }
  void OnMapEnd() override { End(); }

  Mark MarkOf(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  [[noreturn]] void Refuse(Mark at, std::string message) {
    problems_.Add(at, "", std::move(message));
    throw Refused();
  }

  // "?" is of plain scalars and collections, "!" of quoted ones.
  void CheckTag(Mark at, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Refuse(at, "the tag " + Shown(tag) + " is not read here; leave it out");
  }

  bool WantsKey() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMap && !open_.back().key;
  }

  void Scalar(ConfigNode node) {
    if (!WantsKey()) return Add(std::move(node));
    if (node.kind == Kind::kNull) Refuse(node.at, "a key is missing before the ':'");
    Open& map = open_.back();
    const auto [first, fresh] = map.seen.emplace(node.text, node.at);
    if (!fresh) {
      problems_.Add(node.at, "",
                    "the key \"" + Shown(node.text) +
                        "\" stands here a second time (the first one "
                        "is in line " +
                        std::to_string(first->second.line) + "); keep one of them");
    }
    map.key = std::move(node.text);
    map.key_at = node.at;
  }

  void Start(Kind kind, Mark at, const std::string& tag) {
    CheckTag(at, tag);
    if (WantsKey()) Refuse(at, "a key must be plain text, not a list or a map");
    if (open_.size() >= kMaxDepth) {
      Refuse(at, "nested more than " + std::to_string(kMaxDepth) +
                     " levels deep; nothing in this file needs that");
    }
    open_.push_back({.node = {.kind = kind, .at = at}});
  }

  void End() {
    ConfigNode done = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(done));
  }

  void Add(ConfigNode node) {
    if (++nodes_ > kMaxNodes) {
      Refuse(node.at,
             "more than " + std::to_string(kMaxNodes) + " values; is this the right file?");
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& into = open_.back();
    if (into.node.kind == Kind::kMap) {
      node.key = *std::exchange(into.key, std::nullopt);
      node.key_at = into.key_at;
      // The parser places a missing value wherever the next word stands.
      if (node.kind == Kind::kNull) node.at = node.key_at;
    }
    into.node.children.push_back(std::move(node));
  }

  const int source_;
  ConfigProblems& problems_;
  ConfigNode root_;
  std::vector<Open> open_;
  size_t nodes_ = 0;
};

}  // namespace

const ConfigNode* ConfigNode::Find(std::string_view name) const {
  for (const ConfigNode& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

ConfigNode ParseConfigTree(std::string_view text, int source, ConfigProblems& problems) {
  if (text.size() > kMaxConfigBytes) {
    problems.Add({source}, "", "larger than 256 KiB; is this the right file?");
    return {};
  }
  // A byte order mark is what some editors put before UTF-8.
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!CheckText(text, source, problems)) return {};
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(source, problems);
    if (!parser.HandleNextDocument(builder)) return {};
    ConfigNode root = builder.TakeRoot();
    Builder second(source, problems);
    if (parser.HandleNextDocument(second)) {
      problems.Add(second.TakeRoot().at, "", "a second document after '---'; keep one");
    }
    return root;
  } catch (const YAML::Exception& error) {
    problems.Add({source, error.mark.line + 1, error.mark.column + 1}, "",
                 "not YAML: " + error.msg +
                     "; look at the indentation, quotes and brackets here "
                     "and in the line before");
  } catch (const Refused&) {
  }
  return {};
}

ConfigNode PlainConfigNode(std::string_view text, Mark at, ConfigProblems& problems) {
  if (!CheckText(text, at.source, problems)) return {.at = at};
  return {.kind = KindOf(std::string(text)), .at = at, .text = std::string(text)};
}

}  // namespace bellwether::app
