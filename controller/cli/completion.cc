#include "cli/completion.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/output.h"

namespace bellwether::cli {
namespace {

// "TEXT:{json,table}" as --help shows it.
std::vector<std::string> ChoicesIn(const std::string& type) {
  std::vector<std::string> choices;
  size_t from = type.find('{');
  const size_t end = type.rfind('}');
  if (from == std::string::npos || end == std::string::npos) return choices;
  while (from < end) {
    const size_t comma = std::min(type.find(',', from + 1), end);
    choices.push_back(type.substr(from + 1, comma - from - 1));
    from = comma;
  }
  return choices;
}

void AddOption(CompletedCommand& command, const CLI::Option& option) {
  if (option.get_group().empty()) return;  // hidden
  const std::string type = option.get_type_name();
  const bool file = type == kFileType;
  if (option.get_positional()) {
    command.takes_file |= file;
    command.choices = ChoicesIn(type);
    return;
  }
  CompletedFlag flag{.takes_value = option.get_items_expected_max() > 0,
                     .takes_file = file,
                     .choices = ChoicesIn(type),
                     .help = option.get_description()};
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  command.flags.push_back(std::move(flag));
}

void Add(std::vector<CompletedCommand>& commands, const std::string& words, const CLI::App& app) {
  CompletedCommand command{.words = words, .help = app.get_description()};
  for (const CLI::Option* option : app.get_options()) AddOption(command, *option);
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* each : below) command.subcommands.push_back(each->get_name());
  commands.push_back(std::move(command));
  for (const CLI::App* each : below) {
    Add(commands, words.empty() ? each->get_name() : words + " " + each->get_name(), *each);
  }
}

// For a shell, which takes nothing in it for its own.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// In fish a backslash counts within quotes too.
std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string HelpOf(const std::vector<CompletedCommand>& commands, const CompletedCommand& parent,
                   const std::string& word) {
  const std::string words = parent.words.empty() ? word : parent.words + " " + word;
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const auto& each) { return each.words == words; });
  return found != commands.end() ? found->help : "";
}

// What bash and zsh have in common: $place becomes the subcommand's words, each after a space, when
// $word is its next one. (zsh has a use of its own for $path.)
std::string PathCases(const std::vector<CompletedCommand>& commands) {
  std::string cases;
  for (const CompletedCommand& command : commands) {
    if (!command.words.empty()) {
      cases += "      " + Quoted(" " + command.words) + ") place=\"$place $word\" ;;\n";
    }
  }
  return cases;
}

// For each flag with a value a case on "PATH:FLAG"; `choices` and `files` make what is done there.
template <typename Choices>
std::string ValueCases(const std::vector<CompletedCommand>& commands, Choices choices,
                       const std::string& files) {
  std::string cases;
  for (const CompletedCommand& command : commands) {
    const std::string path = command.words.empty() ? "" : " " + command.words;
    for (const CompletedFlag& flag : command.flags) {
      if (!flag.takes_value) continue;
      std::vector<std::string> patterns;
      patterns.reserve(flag.names.size());
      for (const std::string& name : flag.names) {
        std::string at = path;
        patterns.push_back(Quoted(at.append(":").append(name)));
      }
      cases += "    " + Joined(patterns, " | ") + ")\n      " +
               (flag.takes_file        ? files
                : flag.choices.empty() ? ":"
                                       : choices(flag.choices)) +
               "\n      return ;;\n";
    }
  }
  return cases;
}

}  // namespace

std::vector<CompletedCommand> CommandsOf(const CLI::App& app) {
  std::vector<CompletedCommand> commands;
  Add(commands, "", app);
  return commands;
}

std::string BashCompletion(const std::vector<CompletedCommand>& commands) {
  const auto reply = [](const std::vector<std::string>& words) {
    return "COMPREPLY=($(compgen -W " + Quoted(Joined(words, " ")) + " -- \"$cur\"))";
  };
  const std::string files = "COMPREPLY=($(compgen -f -- \"$cur\"))";
  std::string script = R"(# bash completion of bellwether: source <(bellwether completion bash)
_bellwether() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} place='' word i
  # bash makes "--flag=value" three words.
  if [ "$cur" = = ]; then
    cur=''
  elif [ "$prev" = = ]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $place$word in
      ' run--') COMPREPLY=($(compgen -c -- "$cur")); return ;;
    esac
    case "$place $word" in
)" + PathCases(commands) +
                       R"(    esac
  done
  case "$place:$prev" in
)" + ValueCases(commands, reply, files) +
                       "  esac\n  case \"$place:$cur\" in\n";
  for (const CompletedCommand& command : commands) {
    const std::string path = command.words.empty() ? "" : " " + command.words;
    std::vector<std::string> flags;
    for (const CompletedFlag& flag : command.flags) {
      flags.insert(flags.end(), flag.names.begin(), flag.names.end());
    }
    script += "    " + Quoted(path + ":-") + "*) " + reply(flags) + " ;;\n";
    std::vector<std::string> words = command.subcommands;
    words.insert(words.end(), command.choices.begin(), command.choices.end());
    if (!words.empty()) {
      script += "    " + Quoted(path + ":") + "*) " + reply(words) + " ;;\n";
    } else if (command.takes_file) {
      script.append("    ").append(Quoted(path + ":")).append("*) ").append(files).append(" ;;\n");
    }
  }
  return script + "  esac\n}\ncomplete -o filenames -F _bellwether bellwether\n";
}

std::string ZshCompletion(const std::vector<CompletedCommand>& commands) {
  const auto add = [](const std::vector<std::string>& words) {
    std::string line = "compadd --";
    for (const std::string& word : words) line += " " + Quoted(word);
    return line;
  };
  std::string script = R"(#compdef bellwether
# zsh completion of bellwether: source <(bellwether completion zsh), or as _bellwether in $fpath
_bellwether() {
  local place='' word prev=$words[CURRENT-1]
  local -a described
  local -i i
  if [[ $PREFIX == --*=* ]]; then
    prev=${PREFIX%%=*}
    compset -P '*='
  fi
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $place$word in
      ' run--') shift $i words; ((CURRENT -= i)); _normal; return ;;
    esac
    case "$place $word" in
)" + PathCases(commands) +
                       R"(    esac
  done
  case "$place:$prev" in
)" + ValueCases(commands, add, "_files") +
                       "  esac\n  case \"$place:$PREFIX\" in\n";
  const auto item = [](std::string name, const std::string& help) {
    for (size_t at = 0; (at = name.find(':', at)) != std::string::npos; at += 2) {
      name.insert(at, "\\");
    }
    return " " + Quoted(name + ":" + help);
  };
  for (const CompletedCommand& command : commands) {
    const std::string path = command.words.empty() ? "" : " " + command.words;
    script += "    " + Quoted(path + ":-") + "*) described=(";
    for (const CompletedFlag& flag : command.flags) {
      for (const std::string& name : flag.names) script += item(name, flag.help);
    }
    script += " ); _describe -o flag described ;;\n";
    if (!command.subcommands.empty()) {
      script += "    " + Quoted(path + ":") + "*) described=(";
      for (const std::string& word : command.subcommands) {
        script += item(word, HelpOf(commands, command, word));
      }
      script += " ); _describe command described ;;\n";
    } else if (!command.choices.empty()) {
      script += "    " + Quoted(path + ":") + "*) " + add(command.choices) + " ;;\n";
    } else if (command.takes_file) {
      script += "    " + Quoted(path + ":") + "*) _files ;;\n";
    }
  }
  return script + R"(  esac
}
if [ "$funcstack[1]" = _bellwether ]; then
  _bellwether "$@"
else
  compdef _bellwether bellwether
fi
)";
}

std::string FishCompletion(const std::vector<CompletedCommand>& commands) {
  std::string script =
      "# fish completion of bellwether: bellwether completion fish | source\n"
      "complete -c bellwether -f\n"
      "complete -c bellwether -n 'contains -- -- (commandline -opc)' -F\n";
  for (const CompletedCommand& command : commands) {
    std::string here;
    for (size_t from = 0; from < command.words.size();) {
      const size_t space = std::min(command.words.find(' ', from), command.words.size());
      here += (here.empty() ? "" : "; and ") +
              ("__fish_seen_subcommand_from " + command.words.substr(from, space - from));
      from = space + 1;
    }
    std::string before = here.empty() ? "__fish_use_subcommand" : here;
    if (!here.empty() && !command.subcommands.empty()) {
      before += "; and not __fish_seen_subcommand_from " + Joined(command.subcommands, " ");
    }
    const auto line = [&](const std::string& when) {
      return "complete -c bellwether -n " + FishQuoted(when);
    };
    for (const std::string& word : command.subcommands) {
      script += line(before) + " -a " + word + " -d " +
                FishQuoted(HelpOf(commands, command, word)) + "\n";
    }
    if (!command.choices.empty()) {
      script += line(before) + " -a " + FishQuoted(Joined(command.choices, " ")) + "\n";
    }
    if (command.takes_file) script += line(before) + " -F\n";
    for (const CompletedFlag& flag : command.flags) {
      script += line(before);
      for (const std::string& name : flag.names) {
        script += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (flag.takes_file) {
        script += " -r -F";
      } else if (flag.takes_value) {
        script += " -x";
        if (!flag.choices.empty()) script += " -a " + FishQuoted(Joined(flag.choices, " "));
      }
      script += " -d " + FishQuoted(flag.help) + "\n";
    }
  }
  return script;
}

}  // namespace bellwether::cli
