// The smallest program that uses the library: queue, lead, show the token, leave.
//   elect ENDPOINTS NAMESPACE/NAME ID
#include <chrono>
#include <cstdio>

#include "sdk/bellwether.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: elect ENDPOINTS NAMESPACE/NAME ID\n");
    return 2;
  }
  auto started =
      bellwether::Elector::Start({.endpoints = argv[1], .election = argv[2], .id = argv[3]});
  if (!started.ok()) {
    std::fprintf(stderr, "elect: %s\n", started.error().message.c_str());
    return 2;
  }
  bellwether::Elector& elector = **started;

  elector.Campaign();
  const auto leadership = elector.WaitUntilElected(std::chrono::minutes(1));
  if (!leadership) {
    std::fprintf(stderr, "elect: nobody made way within a minute\n");
    return 1;
  }
  std::printf("%s leads with token %lld\n", argv[3],
              static_cast<long long>(leadership->token.value));

  const auto resigned = elector.Resign(std::chrono::seconds(20));
  if (!resigned.ok()) std::fprintf(stderr, "elect: %s\n", resigned.error().message.c_str());
  return resigned.ok() && !elector.Current() ? 0 : 1;
}
