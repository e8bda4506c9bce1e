#include "app/config_print.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace bellwether::app {
namespace {

using Kind = ConfigNode::Kind;

class Printer {
 public:
  explicit Printer(const ConfigSources& sources) : sources_(sources) {}

  // `begun`: the first line has its indentation already.
  void Children(const ConfigNode& node, size_t indent, bool begun = false) {
    for (const ConfigNode& child : node.children) {
      if (!begun) text_.append(indent, ' ');
      begun = false;
      text_ += node.kind == Kind::kMap ? child.key + ":" : "-";
      const bool structured = child.kind == Kind::kMap || child.kind == Kind::kList;
      if (!structured) {
        text_ += " " + Scalar(child) + Origin(child.at);
      } else if (child.children.empty()) {
        text_ += (child.kind == Kind::kMap ? " {}" : " []") + Origin(child.at);
      } else if (node.kind == Kind::kMap) {
        text_ += "\n";
        Children(child, indent + 2);
      } else {
        text_ += " ";
        Children(child, indent + 2, true);
      }
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  // In quotes always: a name may read "on" or "42", and stays text.
  static std::string Scalar(const ConfigNode& node) {
    return node.kind == Kind::kString ? nlohmann::json(node.text).dump() : node.text;
  }

  std::string Origin(Mark at) const {
    if (at.source == 0 && at.line == 0) return " # default\n";
    std::string origin = Shown(sources_.at(static_cast<size_t>(at.source)));
    if (at.source == 0) origin += ":" + std::to_string(at.line);
    return " # " + origin + "\n";
  }

  const ConfigSources& sources_;
  std::string text_;
};

}  // namespace

std::string PrintConfig(const ConfigNode& root, const ConfigSources& sources) {
  Printer printer(sources);
  printer.Children(root, 0);
  return printer.Take();
}

}  // namespace bellwether::app
