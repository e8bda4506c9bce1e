// Both libraries against a TLS server that wants a client certificate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "rest/http_client.h"
#include "rest/http_stream.h"
#include "support/etcd_server.h"
#include "support/eventually.h"
#include "support/shell.h"
#include "unit/rest/web_server.h"

namespace bellwether::rest {
namespace {

using test::Eventually;
using testing::HasSubstr;

// `openssl s_server` with an authority of its own.
class TlsServer {
 public:
  TlsServer() {
    char made[] = "/tmp/bellwether-rest-tls-XXXXXX";
    folder_ = mkdtemp(made);
    test::Shell("cd " + folder_ +
                " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
                " -keyout ca.key -out ca.pem -subj /CN=ca 2>&1"
                " && for who in server client; do"
                " openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $who.key"
                " -out $who.csr -subj /CN=$who 2>&1 &&"
                " printf 'subjectAltName=IP:127.0.0.1' > ext &&"
                " openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
                " -extfile ext -out $who.pem 2>&1; done");
    port_ = test::FreePort();
    pid_ = fork();
    if (pid_ == 0) {
      const std::string command =
          "cd " + folder_ + " && exec openssl s_server -accept 127.0.0.1:" + std::to_string(port_) +
          " -cert server.pem -key server.key -CAfile ca.pem -Verify 1"
          " -verify_return_error -www > log 2>&1";
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    Eventually(
        [&] { return test::Contents(folder_ + "/log").find("ACCEPT") != std::string::npos; });
  }
  ~TlsServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    test::Shell("rm -rf " + folder_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  TlsFiles ours() const { return {file("ca.pem"), file("client.pem"), file("client.key")}; }
  // By this name or address.
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_);
  }

 private:
  std::string folder_;
  int port_ = 0;
  pid_t pid_ = 0;
};

Result<Response> Ask(const Peer& peer) {
  LoopThread thread;
  std::unique_ptr<HttpClient> client;
  std::promise<Result<Response>> answer;
  thread.Do([&] {
    auto made = HttpClient::Make(thread.loop(), peer, {});
    if (!made) return answer.set_value(made.error());
    client = *std::move(made);
    client->Call({.path = "/"}, [&](Result<Response> told) { answer.set_value(std::move(told)); });
  });
  auto told = answer.get_future().get();
  thread.Do([&] { client.reset(); });
  return told;
}

struct Streamed final : StreamHandler {
  void OnOpen() override { opened = true; }
  void OnBytes(std::string_view more) override { bytes += more; }
  void OnEnd(const Error& why) override { end.set_value(why); }
  bool opened = false;
  std::string bytes;
  std::promise<Error> end;
};

Error Stream(const Peer& peer, Streamed& told) {
  LoopThread thread;
  std::unique_ptr<HttpStream> stream;
  thread.Do([&] {
    stream = std::make_unique<HttpStream>(thread.loop(), peer, 0, Request{.path = "/"},
                                          HttpStream::Options(), &told);
  });
  const Error end = told.end.get_future().get();
  thread.Do([&] { stream.reset(); });
  return end;
}

TEST(RestTlsTest, AClientWithACertificateIsAnsweredByTheServerItTrusts) {
  const TlsServer server;
  const Peer peer{.servers = {server.url()}, .tls = server.ours()};
  const auto answer = Ask(peer);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->body, HasSubstr("TLSv1.3"));
  Streamed streamed;
  const Error end = Stream(peer, streamed);
  EXPECT_TRUE(streamed.opened) << end.message;
  EXPECT_THAT(streamed.bytes, HasSubstr("TLSv1.3"));
}

TEST(RestTlsTest, AServerThatIsNotTrustedAnotherNameAndNoCertificateAreRefused) {
  const TlsServer server, stranger;
  const TlsFiles foreign{stranger.file("ca.pem"), server.file("client.pem"),
                         server.file("client.key")};
  const TlsFiles anonymous{server.file("ca.pem"), "", ""};
  for (const Peer& peer : {Peer{.servers = {server.url()}, .tls = foreign},
                           Peer{.servers = {server.url()}},  // the system's authorities
                           Peer{.servers = {server.url("localhost")}, .tls = server.ours()},
                           Peer{.servers = {server.url()}, .tls = anonymous}}) {
    const auto answer = Ask(peer);
    EXPECT_FALSE(answer);
    Streamed streamed;
    const Error end = Stream(peer, streamed);
    EXPECT_FALSE(streamed.opened);
    EXPECT_THAT(end.message, HasSubstr(peer.servers[0]));
  }
}

TEST(RestTlsTest, AFileThatCannotBeUsedIsNamed) {
  const TlsServer server;
  for (const TlsFiles& files : {TlsFiles{"/nowhere/ca.pem", "", ""},
                                TlsFiles{"", "/nowhere/cert.pem", server.file("client.key")},
                                TlsFiles{"", server.file("client.pem"), "/nowhere/key.pem"},
                                TlsFiles{"", server.file("client.pem"), ""}}) {
    const auto made = Ask({.servers = {server.url()}, .tls = files});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace bellwether::rest
