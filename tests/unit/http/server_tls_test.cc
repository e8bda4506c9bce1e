// HTTPS on real sockets: what is served, who is refused, and that broken TLS harms nobody else.
#include <stdlib.h>

#include <fstream>

#include "server_fixture.h"
#include "support/certificates.h"
#include "support/eventually.h"
#include "support/shell.h"
#include "tls_client.h"

namespace bellwether::http {
namespace {

using namespace std::chrono_literals;
using test::Shell;
using test::TlsClient;
using ::testing::HasSubstr;

class ServerTlsTest : public ServerTest {
 protected:
  // An authority, certificates of it for two servers and a client, and a foreign client.
  static void SetUpTestSuite() {
    char pattern[] = "/tmp/bellwether-tls-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    made_ = pattern;
    for (const char* authority : {"ca", "other-ca"}) test::MakeAuthority(made_, authority);
    for (const char* name : {"server", "renewed", "client"}) {
      test::MakeCertificate(made_, name, "ca");
    }
    test::MakeCertificate(made_, "foreign", "other-ca");
  }
  static void TearDownTestSuite() { Shell("rm -r " + made_); }

  ServerTlsTest() {
    folder_ = made_ + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
    Shell("mkdir " + folder_);
    Use("server", "server");
    options_.tls = {.ca = {}, .cert = folder_ + "/tls.crt", .key = folder_ + "/tls.key"};
  }

  void Use(const std::string& cert, const std::string& key) {
    Shell("cd " + made_ + "; cp " + cert + ".pem " + folder_ + "/tls.crt; cp " + key + ".key " +
          folder_ + "/tls.key");
  }
  test::TlsClientOptions Shows(const std::string& name) {
    return {.cert = made_ + "/" + name + ".pem", .key = made_ + "/" + name + ".key"};
  }
  bool Serves() {
    TlsClient client(server_->port());
    client.Get("/livez");
    return client.Read().status == 200;
  }
  uint64_t Failures(HandshakeFailure failure) {
    return server_->counters().tls->handshake_failures[static_cast<size_t>(failure)];
  }

  inline static std::string made_;
  std::string folder_;
};

TEST_F(ServerTlsTest, ServesHttp11OverTls13AndTls12) {
  metrics_bytes_ = 3'000'000;
  Start();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient client(server_->port(), {.newest_version = version});
    ASSERT_TRUE(client.connected()) << client.error();
    EXPECT_EQ(client.version(), version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    EXPECT_EQ(client.alpn(), "http/1.1");
    // Kept alive, pipelined, and many records long.
    client.Send(
        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /v1/elections/batch/report/leader HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.Read().status, 200);
    EXPECT_EQ(client.Read().body, std::string(metrics_bytes_, 'm'));
    EXPECT_THAT(client.Read().body, HasSubstr("\"id\":\"a\""));
    EXPECT_TRUE(client.Ended());
    EXPECT_TRUE(client.SaidEnd());
  }
}

TEST_F(ServerTlsTest, AHeaderThatComesByteByByteIsReadAcrossRecords) {
  Start();
  TlsClient client(server_->port());
  for (const char byte : std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")) {
    client.Send({&byte, 1});
  }
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTlsTest, RefusesTls11AndProtocolsOtherThanHttp11) {
  Start();
  TlsClient old(server_->port(), {.newest_version = TLS1_1_VERSION});
  EXPECT_FALSE(old.connected());
  EXPECT_THAT(old.error(), HasSubstr("protocol version"));
  TlsClient http2(server_->port(), {.alpn = "h2"});
  EXPECT_FALSE(http2.connected());
  EXPECT_THAT(http2.error(), HasSubstr("no application protocol"));
  EXPECT_TRUE(Eventually([&] { return Failures(HandshakeFailure::kProtocol) == 2; }));
  EXPECT_TRUE(Serves());
}

TEST_F(ServerTlsTest, WithAClientAuthorityOnlyItsClientsAreServed) {
  options_.tls.ca = made_ + "/ca.pem";
  Start();
  TlsClient good(server_->port(), Shows("client"));
  good.Get("/livez");
  EXPECT_EQ(good.Read().status, 200);
  TlsClient nothing(server_->port());
  nothing.Get("/livez");
  EXPECT_EQ(nothing.Read().status, 0);
  EXPECT_THAT(nothing.error(), HasSubstr("certificate required"));
  TlsClient foreign(server_->port(), Shows("foreign"));
  foreign.Get("/livez");
  EXPECT_EQ(foreign.Read().status, 0);
  EXPECT_THAT(foreign.error(), HasSubstr("unknown ca"));
  EXPECT_TRUE(Eventually([&] { return Failures(HandshakeFailure::kClientCertificate) == 2; }));
  // No session of a client is taken up again by one without its key.
  EXPECT_EQ(server_->counters().answers[2], 1u);
}

TEST_F(ServerTlsTest, PlainHttpIsToldToUseHttps) {
  Start();
  RawClient plain = Connect();
  plain.Get("/v1/elections");
  const RawResponse told = plain.Read();
  EXPECT_EQ(told.status, 400);
  EXPECT_THAT(told.body, HasSubstr("urn:bellwether:problem:malformed-request"));
  EXPECT_THAT(told.body, HasSubstr("https://"));
  plain.HalfClose();
  EXPECT_TRUE(plain.Ended());
  EXPECT_EQ(Failures(HandshakeFailure::kPlainHttp), 1u);
}

TEST_F(ServerTlsTest, GarbageEndsItsConnectionAlone) {
  Start();
  TlsClient before(server_->port());
  before.Get("/livez");
  EXPECT_EQ(before.Read().status, 200);
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\xff\xff") + std::string(70000, 'x'), std::string(5000, '\0'),
        std::string("SSH-2.0-x\r\n"), std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")}) {
    RawClient client = Connect();
    client.Send(garbage);
    client.HalfClose();
    EXPECT_TRUE(Eventually([&] { return server_->counters().connections_open == 1; }));
  }
  EXPECT_TRUE(Eventually([&] {
    return Failures(HandshakeFailure::kProtocol) + Failures(HandshakeFailure::kClosed) == 4;
  }));
  before.Get("/livez");
  EXPECT_EQ(before.Read().status, 200);
}

TEST_F(ServerTlsTest, AHandshakeThatComesTooSlowlyIsCut) {
  options_.limits.header_timeout = 300ms;
  Start();
  RawClient silent = Connect();
  RawClient slow = Connect();
  const std::string hello = std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  slow.Send(hello);
  while (!slow.Readable(5)) {
    if (!slow.Send("x")) break;
  }
  EXPECT_TRUE(slow.Ended());
  EXPECT_TRUE(silent.Ended());
  EXPECT_TRUE(Eventually([&] { return Failures(HandshakeFailure::kTimeout) == 2; }));
  EXPECT_EQ(server_->counters().connections_timed_out, 2u);
}

TEST_F(ServerTlsTest, WhoIsStillShakingHandsCountsAsAConnection) {
  options_.limits.connections = 1;
  Start();
  RawClient silent = Connect();
  ASSERT_TRUE(Eventually([&] { return server_->counters().connections_open == 1; }));
  TlsClient second(server_->port());
  second.Get(kLeader);
  EXPECT_EQ(second.Read().status, 503);
  TlsClient probe(server_->port());
  probe.Get("/livez");
  EXPECT_EQ(probe.Read().status, 200);
}

TEST_F(ServerTlsTest, RenewedFilesServeNewConnectionsAndAStreamGoesOn) {
  Start();
  TlsClient stream(server_->port());
  stream.Get(kLeader, "Accept: text/event-stream\r\n");
  EXPECT_EQ(stream.Read().status, 200);
  EXPECT_TRUE(stream.ReadUntil("\"id\":\"a\""));
  EXPECT_EQ(TlsClient(server_->port()).CommonName(), "server");
  server_->RefreshTls();
  EXPECT_EQ(server_->counters().tls->reloads, 0u);

  // Half of a rotation: the key does not belong to the certificate yet.
  Use("renewed", "server");
  server_->RefreshTls();
  server_->RefreshTls();
  EXPECT_EQ(server_->counters().tls->reloads_refused, 1u);
  EXPECT_FALSE(server_->counters().tls->last_reload_successful);
  EXPECT_EQ(TlsClient(server_->port()).CommonName(), "server");
  std::ofstream(options_.tls.cert) << "-----BEGIN CERTIFICATE-----\nMIIB";
  server_->RefreshTls();
  EXPECT_EQ(server_->counters().tls->reloads_refused, 2u);
  Shell("rm " + options_.tls.key);
  server_->RefreshTls();
  EXPECT_EQ(TlsClient(server_->port()).CommonName(), "server");

  Use("renewed", "renewed");
  server_->RefreshTls();
  EXPECT_EQ(server_->counters().tls->reloads, 1u);
  EXPECT_TRUE(server_->counters().tls->last_reload_successful);
  EXPECT_EQ(TlsClient(server_->port()).CommonName(), "renewed");
  store_.Publish(MakeElection("batch", "report", {MakeCandidate("b", 9)}));
  EXPECT_TRUE(stream.ReadUntil("\"id\":\"b\""));
}

TEST_F(ServerTlsTest, AClientWhoseAuthorityWasReplacedIsRefusedFromThenOn) {
  Shell("cp " + made_ + "/ca.pem " + folder_ + "/clients.pem");
  options_.tls.ca = folder_ + "/clients.pem";
  Start();
  const auto status = [&](const std::string& name) {
    TlsClient client(server_->port(), Shows(name));
    client.Get("/livez");
    return client.Read().status;
  };
  EXPECT_EQ(status("client"), 200);
  EXPECT_EQ(status("foreign"), 0);
  Shell("cp " + made_ + "/other-ca.pem " + folder_ + "/clients.pem");
  server_->RefreshTls();
  EXPECT_EQ(status("client"), 0);
  EXPECT_EQ(status("foreign"), 200);
}

TEST_F(ServerTlsTest, AWaitEndsWhenItsClientGoes) {
  Start();
  for (const bool politely : {true, false}) {
    TlsClient client(server_->port());
    client.Get(std::string(kLeader) + "?index=1000&wait=5m");
    ASSERT_TRUE(Eventually([&] { return server_->counters().watchers_open == 1; }));
    if (politely) client.Leave();
    client.Close();
    EXPECT_TRUE(Eventually([&] { return server_->counters().watchers_open == 0; }));
  }
}

TEST_F(ServerTlsTest, AStreamThatEndsSaysSo) {
  Start();
  TlsClient stream(server_->port());
  stream.Get("/v1/watch", "Accept: text/event-stream\r\n");
  EXPECT_EQ(stream.Read().status, 200);
  server_->Stop(10s);
  while (!stream.ReadBlock().empty()) {
  }
  EXPECT_TRUE(stream.SaidEnd());
}

TEST_F(ServerTlsTest, FilesThatCannotBeUsedAreNamedAtTheStart) {
  Use("server", "client");
  const auto refused = Server::Start(options_, MakeSources());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr(options_.tls.key));
  EXPECT_THAT(refused.error().message, HasSubstr("does not belong"));
}

}  // namespace
}  // namespace bellwether::http
