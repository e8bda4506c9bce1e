// The configuration as the command line takes it, looks at it and prints it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shell.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using test::EtcdServer;
using test::Shell;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGood = "printf 'etcd: {endpoints: [\"https://h:1\"]}' | ";
const std::string kBellwether = BELLWETHER_BINARY;

// What a command writes to standard output, what to standard error, and how it ends.
struct Said {
  std::string out;
  std::string err;
  std::string code;
};

Said Look(const std::string& command) {
  const std::string file = Shell("mktemp");
  const std::string errors = file.substr(0, file.find('\n'));
  const std::string out = Shell(command + " 2>" + errors + "; echo \" exit $?\"");
  const size_t end = out.rfind(" exit ");
  Said said{out.substr(0, end), Shell("cat " + errors), out.substr(end + 6)};
  Shell("rm " + errors);
  return said;
}

TEST(ConfigCommandTest, ValidateSaysOkOnStandardErrorAlone) {
  const Said said = Look(kGood + kBellwether + " config validate -");
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.err, "ok\n");
  EXPECT_EQ(said.code, "0\n");
  EXPECT_EQ(Look(kBellwether + " config validate --set etcd.endpoints=h:1").code, "0\n");
  EXPECT_EQ(Look("BELLWETHER_ETCD_ENDPOINTS=h:1 " + kBellwether + " config validate").code, "0\n");
}

TEST(ConfigCommandTest, ValidateNamesAllMistakesOfFileVariablesAndArguments) {
  const Said said =
      Look("printf 'etcd: {endpoint: 1}\nlog: {level: 5}\n' | BELLWETHER_HTTP_LISTEN=x " +
           kBellwether + " config validate - --set log.format=y");
  EXPECT_THAT(said.out, StartsWith("standard input:1:7: etcd.endpoints: missing"));
  EXPECT_THAT(said.out,
              HasSubstr("\nstandard input:1:8: etcd.endpoint: unknown key; did you mean"));
  EXPECT_THAT(said.out, HasSubstr("\nstandard input:2:14: log.level: expected a string"));
  EXPECT_THAT(said.out, HasSubstr("\nenvironment variable BELLWETHER_HTTP_LISTEN: http.listen: "));
  EXPECT_THAT(said.out, HasSubstr("\n--set log.format=y: log.format: \"y\" is not known"));
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(said.code, "2\n");
}

TEST(ConfigCommandTest, ValidateLooksIntoTheFilesThatAreNamed) {
  const Said said =
      Look(kGood + kBellwether +
           " config validate - --set etcd.tls.ca=/nonexistent --set etcd.tls.cert=/etc"
           " --set etcd.tls.key=/dev/null --set etcd.auth.username=u --set"
           " etcd.auth.passwordFile=/dev/null");
  EXPECT_EQ(said.out,
            "--set etcd.tls.ca=/nonexistent: etcd.tls.ca: /nonexistent cannot be read: No such "
            "file or directory; check the path and its permissions\n"
            "--set etcd.tls.cert=/etc: etcd.tls.cert: /etc cannot be read: Is a directory; check "
            "the path and its permissions\n"
            "--set etcd.tls.key=/dev/null: etcd.tls.key: /dev/null is empty\n"
            "--set etcd.auth.passwordFile=/dev/null: etcd.auth.passwordFile: /dev/null is empty\n");
  EXPECT_EQ(said.code, "2\n");
  const std::string folder = Shell("mktemp -d | tr -d '\\n'");
  Shell("cd " + folder +
        " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout key -out cert"
        " 2>&1 && openssl genrsa -out other 2048 2>&1 && printf '\\nsecret\\n' > password");
  const auto with = [&](const std::string& ca, const std::string& key) {
    return Look(kGood + kBellwether + " config validate - --set etcd.tls.ca=" + folder + "/" + ca +
                " --set etcd.tls.cert=" + folder + "/cert --set etcd.tls.key=" + folder + "/" +
                key);
  };
  EXPECT_EQ(with("cert", "key").err, "ok\n");
  EXPECT_THAT(with("key", "key").out, HasSubstr("no whole PEM certificate"));
  EXPECT_THAT(with("cert", "other").out,
              HasSubstr("other: etcd.tls.key: TLS file " + folder +
                        "/other cannot be used: the key does not belong to the certificate"));
  EXPECT_THAT(Look(kGood + kBellwether +
                   " config validate - --set etcd.auth.username=u --set "
                   "etcd.auth.passwordFile=" +
                   folder + "/password")
                  .out,
              HasSubstr("its first line, which is the password, is empty"));
  Shell("rm -r " + folder);
}

TEST(ConfigCommandTest, ValidateAnswersProgramsInJson) {
  using nlohmann::json;
  const json good = json::parse(
      Look(kGood + ("BELLWETHER_HTPP_LISTEN=x " + kBellwether) + " config validate - -o json").out);
  EXPECT_EQ(good["valid"], true);
  EXPECT_EQ(good["problems"], json::array());
  EXPECT_THAT(good["warnings"].dump(), HasSubstr("did you mean BELLWETHER_HTTP_LISTEN?"));
  const Said said =
      Look("printf 'etcd: 1' | " + kBellwether + " config validate - -o json --set log.level=x");
  EXPECT_EQ(said.code, "2\n");
  EXPECT_EQ(said.err, "");
  const json bad = json::parse(said.out);
  EXPECT_EQ(bad["valid"], false);
  EXPECT_EQ(bad["problems"][0]["source"], "standard input");
  EXPECT_EQ(bad["problems"][0]["line"], 1);
  EXPECT_EQ(bad["problems"][0]["column"], 7);
  EXPECT_EQ(bad["problems"][0]["key"], "etcd");
  EXPECT_EQ(bad["problems"][1]["source"], "--set log.level=x");
  EXPECT_FALSE(bad["problems"][1].contains("line"));
}

TEST(ConfigCommandTest, PrintConfigNeverShowsWhatIsInASecretFile) {
  const std::string secret = Shell("mktemp | tr -d '\\n'");
  std::ofstream(secret) << "swordfish\n";
  const Said said = Look(kGood + kBellwether +
                         " controller --config - --print-config --set "
                         "etcd.auth.username=u --set etcd.auth.passwordFile=" +
                         secret);
  EXPECT_THAT(said.out, HasSubstr("passwordFile: \"" + secret + "\" # --set "));
  EXPECT_THAT(said.out, HasSubstr("listen: \"0.0.0.0:8080\" # default\n"));
  EXPECT_THAT(said.out + said.err, testing::Not(HasSubstr("swordfish")));
  EXPECT_EQ(said.code, "0\n");
  Shell("rm " + secret);
}

// Standard output stays empty, so that nobody takes an error for a configuration.
TEST(ConfigCommandTest, WrongUseEndsWith2AndSaysWhatToDo) {
  const std::pair<std::string, std::string> wrong[] = {
      {" controller", "no configuration file: which etcd?"},
      {" controller --print-config", "no configuration file: which etcd?"},
      {" controller --print-config --set etcd.endpoints=ftp://h", "unknown scheme"},
      {" controller --set", "--set"},
      {" controller --set nonsense", "not KEY=VALUE"},
      {" controller --config /nonexistent", "/nonexistent: cannot be read: No such file"},
      {" controller --print-config --print-schema", "--print-config"},
      {" config", "subcommand is required"},
      {" config validat", "subcommand is required"},
      {" config validate a b", "b"},
  };
  for (const auto& [arguments, why] : wrong) {
    const Said said = Look("env -i " + kBellwether + arguments + " < /dev/null");
    EXPECT_THAT(said.err, HasSubstr(why)) << arguments;
    EXPECT_EQ(said.out, "") << arguments;
    EXPECT_EQ(said.code, "2\n") << arguments;
  }
}

TEST(ConfigCommandTest, AControllerNeedsNoFileWhenEtcdIsNamedOtherwise) {
  const EtcdServer etcd;
  // The environment of a pod beside Services called bellwether and bellwether-http.
  BackgroundProcess controller(
      {"env", "BELLWETHER_ETCD_ENDPOINTS=" + etcd.endpoints(), "BELLWETHER_LOG_LEVEL=debug",
       "BELLWETHER_PORT=tcp://10.0.0.1:8080", "BELLWETHER_PORT_8080_TCP=tcp://10.0.0.1:8080",
       "BELLWETHER_SERVICE_HOST=10.0.0.1", "BELLWETHER_HTTP_PORT=tcp://10.0.0.1:8080",
       "BELLWETHER_HTTP_SERVICE_HOST=10.0.0.1", "BELLWETHER_HTPP_LISTEN=x", kBellwether,
       "controller", "--set", "http.listen=127.0.0.1:0"},
      etcd.folder() + "/bare.log");
  EXPECT_TRUE(test::Eventually([&] { return controller.Logged("\"message\":\"ready\""); }))
      << controller.log();
  EXPECT_TRUE(controller.Logged("did you mean BELLWETHER_HTTP_LISTEN?")) << controller.log();
  EXPECT_EQ(controller.log().find("SERVICE_HOST"), std::string::npos) << controller.log();
}

}  // namespace
}  // namespace bellwether::app
