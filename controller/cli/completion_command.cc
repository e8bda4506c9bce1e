// `completion`: a script for a shell.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/query.h"

namespace bellwether::cli {

void AddCompletion(CLI::App& app, int* code) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("completion", "print a completion script for a shell");
  command.add_option("shell", *shell, "whose script")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.footer(
      "bash: source <(bellwether completion bash)      in ~/.bashrc\n"
      "zsh:  source <(bellwether completion zsh)       in ~/.zshrc, after compinit\n"
      "fish: bellwether completion fish | source       in ~/.config/fish/config.fish");
  command.callback([&app, shell, code] {
    const auto commands = CommandsOf(app);
    const Status printed = Print(*shell == "bash"  ? BashCompletion(commands)
                                 : *shell == "zsh" ? ZshCompletion(commands)
                                                   : FishCompletion(commands));
    *code = printed ? kOk : Fail("completion", printed.error(), kFailed);
  });
}

}  // namespace bellwether::cli
