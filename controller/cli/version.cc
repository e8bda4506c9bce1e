// `version`.
#include <memory>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/query.h"

namespace bellwether::cli {

void AddVersion(CLI::App& app, int* code) {
  const auto format = std::make_shared<Format>(Format::kTable);
  CLI::App& command = *app.add_subcommand("version", "print the version");
  AddOutputFlag(command, format.get());
  command.callback([format, code] {
    const Status printed =
        Print(ForPeople(*format) ? "bellwether " BELLWETHER_VERSION "\n"
                                 : Render({{"version", BELLWETHER_VERSION}}, *format));
    *code = printed ? kOk : Fail("version", printed.error(), kFailed);
  });
}

}  // namespace bellwether::cli
