#include "cli/exit_codes.h"

namespace bellwether::cli {

std::string ExitCodesHelp() {
  std::string help = "Exit codes:\n";
  for (const ExitCode& each : kExitCodes) {
    std::string code = std::to_string(each.code);
    code.resize(4, ' ');
    help += "  " + code + each.meaning + "\n";
  }
  return help + "run otherwise ends with CMD's own exit code, 128 + N when signal N ended it.";
}

}  // namespace bellwether::cli
