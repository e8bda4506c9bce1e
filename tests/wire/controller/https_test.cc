// The controller's port as HTTPS, asked by curl and openssl as people would.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.h"
#include "support/eventually.h"
#include "support/shell.h"
#include "wire/controller/controller_process.h"

namespace bellwether::app {
namespace {

using test::EtcdServer;
using test::Eventually;
using test::Shell;
using testing::HasSubstr;

class HttpsTest : public testing::Test {
 protected:
  HttpsTest() {
    for (const char* authority : {"http-ca", "other-ca"}) {
      test::MakeAuthority(folder_, authority);
    }
    for (const char* name : {"web", "renewed", "friend"}) {
      test::MakeCertificate(folder_, name, "http-ca");
    }
    test::MakeCertificate(folder_, "foreigner", "other-ca");
    Shell("cd " + folder_ + "; cp web.pem tls.crt; cp web.key tls.key");
  }

  // `more` of http.tls.
  void Start(const std::string& more = "") {
    controller_.emplace(etcd_, "http: {listen: \"127.0.0.1:0\", tls: {cert: " + folder_ +
                                   "/tls.crt, key: " + folder_ + "/tls.key" + more + "}}\n");
    const std::string url = controller_->url();
    ASSERT_FALSE(url.empty()) << controller_->log();
    address_ = url.substr(std::string("http://").size());
  }
  std::string Curl(const std::string& path, const std::string& arguments = "") {
    return Shell("cd " + folder_ + "; curl -sS --max-time 30 --cacert http-ca.pem " + arguments +
                 " 'https://" + address_ + path + "' 2>&1");
  }
  std::string Openssl(const std::string& arguments = "") {
    return Shell("cd " + folder_ + "; timeout 30 openssl s_client -connect " + address_ + " " +
                 arguments + " 2>&1 < /dev/null");
  }

  EtcdServer etcd_;
  const std::string folder_ = etcd_.folder();
  std::optional<ControllerProcess> controller_;
  std::string address_;
};

TEST_F(HttpsTest, IsServedToCurlAndRefusesOldVersionsAndPlainHttp) {
  Start();
  EXPECT_EQ(Curl("/livez"), "ok\n");
  EXPECT_EQ(Curl("/livez", "--tlsv1.2 --tls-max 1.2"), "ok\n");
  EXPECT_THAT(Curl("/livez", "--cacert other-ca.pem"), HasSubstr("curl: (60)"));
  EXPECT_THAT(Openssl("-alpn http/1.1"), HasSubstr("ALPN protocol: http/1.1"));
  for (const char* old : {"-tls1", "-tls1_1"}) {
    EXPECT_THAT(Openssl(std::string(old) + " -cipher ALL:@SECLEVEL=0"),
                HasSubstr("alert protocol version"));
  }
  EXPECT_THAT(Shell("curl -sS --max-time 30 http://" + address_ + "/livez 2>&1"),
              HasSubstr("Write https:// instead of http://"));
  EXPECT_THAT(controller_->log(), HasSubstr("\"reason\":\"plain_http\""));
  EXPECT_EQ(Curl("/livez"), "ok\n");
}

TEST_F(HttpsTest, WithAClientAuthorityCurlNeedsACertificate) {
  Start(", clientCa: " + folder_ + "/http-ca.pem");
  EXPECT_EQ(Curl("/livez", "--cert friend.pem --key friend.key"), "ok\n");
  // In whose words is curl's to say: it may be sending its request while it is refused.
  EXPECT_THAT(Curl("/livez"), testing::StartsWith("curl: ("));
  EXPECT_THAT(Curl("/livez", "--cert foreigner.pem --key foreigner.key"),
              testing::StartsWith("curl: ("));
  EXPECT_TRUE(Eventually([&] {
    return Curl("/metrics", "--cert friend.pem --key friend.key")
               .find(
                   "bellwether_http_tls_handshake_failures_total{reason=\"client_certificate\"} "
                   "2\n") != std::string::npos;
  }));
}

TEST_F(HttpsTest, RenewedFilesAreTakenWhileAStreamGoesOn) {
  Join(etcd_, "test/one", "a");
  Start();
  ASSERT_TRUE(Eventually([&] {
    return Curl("/v1/elections/test/one/leader", "-H 'Accept: text/plain'") == "a\n";
  })) << controller_->log();
  BackgroundProcess stream(
      {"curl", "-sSN", "--cacert", folder_ + "/http-ca.pem", "-H", "Accept: text/event-stream",
       "https://" + address_ + "/v1/elections/test/one/leader"},
      folder_ + "/stream");
  ASSERT_TRUE(Eventually([&] { return stream.Logged("\"id\":\"a\""); })) << stream.log();
  // As most tools do it, one file after the other.
  Shell("cd " + folder_ + "; cp renewed.pem new; mv new tls.crt");
  EXPECT_TRUE(Eventually([&] {
    return controller_->process().Logged("TLS files changed but cannot be used");
  })) << controller_->log();
  EXPECT_THAT(Openssl(), HasSubstr("CN = web"));
  EXPECT_THAT(Curl("/metrics"), HasSubstr("\nbellwether_http_tls_last_reload_successful 0\n"));
  Shell("cd " + folder_ + "; cp renewed.key new; mv new tls.key");
  EXPECT_TRUE(Eventually([&] { return Openssl().find("CN = renewed") != std::string::npos; }))
      << controller_->log();
  const std::string metrics = Curl("/metrics");
  EXPECT_THAT(metrics, HasSubstr("\nbellwether_http_tls_last_reload_successful 1\n"));
  EXPECT_THAT(metrics, HasSubstr("\nbellwether_http_tls_reloads_total 1\n"));
  EXPECT_THAT(metrics,
              HasSubstr("\nbellwether_http_tls_certificate_expiration_timestamp_seconds "));
  Leave(etcd_, "test/one");
  Join(etcd_, "test/one", "b");
  EXPECT_TRUE(Eventually([&] { return stream.Logged("\"id\":\"b\""); })) << stream.log();
}

TEST_F(HttpsTest, ValidateAndTheStartNameFilesThatCannotBeUsed) {
  const std::string with = std::string(BELLWETHER_BINARY) +
                           " %s --set etcd.endpoints=http://127.0.0.1:1 --set "
                           "http.listen=127.0.0.1:0 --set http.tls.cert=" +
                           folder_ + "/web.pem --set http.tls.key=" + folder_ +
                           "/%k --set http.tls.clientCa=" + folder_ + "/%c 2>&1; echo exit $?";
  const auto said = [&](const std::string& command, const std::string& key,
                        const std::string& authority) {
    std::string line = with;
    for (const auto& [from, to] : {std::pair{"%s", command}, {"%k", key}, {"%c", authority}}) {
      line.replace(line.find(from), 2, to);
    }
    return Shell("timeout 60 " + line);
  };
  EXPECT_EQ(said("config validate", "web.key", "http-ca.pem"), "ok\nexit 0\n");
  EXPECT_THAT(said("config validate", "friend.key", "http-ca.pem"),
              testing::AllOf(HasSubstr("http.tls.key: TLS file " + folder_ + "/friend.key"),
                             HasSubstr("does not belong"), HasSubstr("exit 2\n")));
  EXPECT_THAT(said("config validate", "web.key", "nothing"),
              HasSubstr("http.tls.clientCa: " + folder_ +
                        "/nothing cannot be read: No such file or directory; check the path"));
  EXPECT_THAT(said("controller", "friend.key", "http-ca.pem"),
              testing::AllOf(HasSubstr("friend.key cannot be used"), HasSubstr("exit 2\n")));
}

}  // namespace
}  // namespace bellwether::app
