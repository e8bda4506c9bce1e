#include "cli/source.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>

#include "election/name.h"

namespace bellwether::cli {
namespace {

constexpr const char* kEndpointsVariable = "BELLWETHER_ENDPOINTS";
constexpr const char* kControllerVariable = "BELLWETHER_CONTROLLER";

Error Invalid(const std::string& message) { return {.code = Code::kInvalid, .message = message}; }

std::string OrEmpty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

void AddSourceFlags(CLI::App& command, SourceFlags* flags) {
  // CLI11 would take a variable for a flag, and a flag has to win over the other's variable.
  command
      .add_option(
          "--endpoints", flags->connection.endpoints,
          std::string("ask etcd: its URLs, comma-separated (Env:") + kEndpointsVariable + ")")
      ->group(kConnectionGroup);
  command
      .add_option("--controller", flags->controllers,
                  std::string("ask a controller instead: URLs of its replicas, comma-separated "
                              "(Env:") +
                      kControllerVariable + ")")
      ->group(kConnectionGroup);
  AddCredentialFlags(command, &flags->connection);
}

Status ChooseSource(SourceFlags& flags, const char* endpoints_variable,
                    const char* controller_variable) {
  std::string& endpoints = flags.connection.endpoints;
  std::string& controllers = flags.controllers;
  if (!endpoints.empty() && !controllers.empty()) {
    return Invalid("--endpoints asks etcd and --controller asks a controller; give one of them");
  }
  if (endpoints.empty() && controllers.empty()) {
    endpoints = OrEmpty(endpoints_variable);
    controllers = OrEmpty(controller_variable);
  }
  if (!endpoints.empty() && !controllers.empty()) {
    return Invalid(std::string(kEndpointsVariable) + " and " + kControllerVariable +
                   " are both set; unset one, or say by --endpoints or --controller whom to ask");
  }
  if (!endpoints.empty() || !controllers.empty()) return Ok();
  return Invalid(
      "whom to ask is missing; give --endpoints with the URLs of etcd, or --controller "
      "with those of a controller");
}

Status ChooseSource(SourceFlags& flags, const TargetFlags& target) {
  if (auto chosen =
          ChooseSource(flags, std::getenv(kEndpointsVariable), std::getenv(kControllerVariable));
      !chosen) {
    return chosen;
  }
  if (!flags.by_controller()) return Ok();
  if (!target.prefix.empty()) {
    return Invalid(
        "--prefix goes with --endpoints only: a controller knows an election by the NS/NAME that "
        "its configuration gives to the prefix");
  }
  if (target.root != election::kDefaultRoot) {
    return Invalid("--root goes with --endpoints only: a controller has its own root");
  }
  return Ok();
}

}  // namespace bellwether::cli
