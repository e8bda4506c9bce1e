// bench_watchers [N [one|many] [tls]]: how much memory an event stream takes, and how soon a change
// reaches the last of N (10000). "many": streams of all elections instead of one. The server is in
// this process, its clients are in a forked one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/memory.h"
#include "election/view_store.h"
#include "http/server.h"

namespace bellwether {
namespace {

using Clock = std::chrono::steady_clock;

void Publish(election::ViewStore& views, int64_t revision) {
  auto view = std::make_shared<election::ElectionView>();
  view->ns = "batch";
  view->name = "report";
  view->queue.push_back({.id = "candidate", .create_revision = Revision{revision}});
  view->last_change = Revision{revision};
  views.Publish(std::move(view));
}

// One client; with a context over TLS.
struct Client {
  int fd = -1;
  SSL* ssl = nullptr;

  bool Send(const std::string& bytes) const {
    const auto size = static_cast<int>(bytes.size());
    if (ssl != nullptr) return SSL_write(ssl, bytes.data(), size) == size;
    return write(fd, bytes.data(), bytes.size()) == size;
  }
  // What is there; 0 = nothing whole yet, less = the end.
  ssize_t Receive(std::vector<char>& bytes) const {
    if (ssl == nullptr) return read(fd, bytes.data(), bytes.size());
    const int got = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
    return got <= 0 && SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ ? 0 : got > 0 ? got : -1;
  }
};

SSL_CTX* ClientContext() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// A self-signed certificate and its key, as files in a new folder.
std::string MakeCertificate() {
  char folder[] = "/tmp/bellwether-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return "";
  const std::string command = std::string("cd ") + folder +
                              " && openssl req -x509 -newkey ec -pkeyopt "
                              "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench "
                              "-keyout key -out cert 2>/dev/null";
  return std::system(command.c_str()) == 0 ? folder : "";
}

// Opens the streams, says "r", and then for each change "d" once every stream has got some bytes.
[[noreturn]] void Read(uint16_t port, int count, const std::string& request, int changes, int out,
                       bool tls) {
  const int poll = epoll_create1(0);
  SSL_CTX* const context = tls ? ClientContext() : nullptr;
  std::vector<Client> clients;  // by descriptor
  for (int i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Client client{.fd = fd};
    bool open = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (open && tls) {
      client.ssl = SSL_new(context);
      open = SSL_set_fd(client.ssl, fd) == 1 && SSL_connect(client.ssl) == 1;
    }
    if (!open || !client.Send(request)) {
      std::perror("watchers: connect");
      _exit(1);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    clients.resize(std::max(clients.size(), static_cast<size_t>(fd) + 1));
    clients[static_cast<size_t>(fd)] = client;
  }
  const auto all_read = [&](const char* what) {
    std::vector<bool> seen(clients.size());
    std::vector<epoll_event> events(1024);
    std::vector<char> bytes(65536);
    for (int left = count; left > 0;) {
      const int ready = epoll_wait(poll, events.data(), 1024, 60000);
      if (ready <= 0) _exit(1);
      for (int i = 0; i < ready; ++i) {
        const auto fd = static_cast<size_t>(events[static_cast<size_t>(i)].data.fd);
        const ssize_t got = clients[fd].Receive(bytes);
        if (got == 0 && tls) continue;
        if (got <= 0) _exit(1);
        const std::string_view text(bytes.data(), static_cast<size_t>(got));
        if (seen[fd] || text.find(what) == std::string_view::npos) continue;
        seen[fd] = true;
        --left;
      }
    }
  };
  all_read("id: 7");
  if (write(out, "r", 1) != 1) _exit(1);
  for (int i = 0; i < changes; ++i) {
    all_read("event: leader");
    if (write(out, "d", 1) != 1) _exit(1);
  }
  // The server measures with all of them open.
  pause();
  _exit(0);
}

int Run(int watchers, bool many, bool over_tls) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int pipe_fds[2];
  int port_fds[2];
  if (pipe(pipe_fds) != 0 || pipe(port_fds) != 0) return 1;
  constexpr int kChanges = 20;
  const std::string path = many ? "/v1/watch" : "/v1/elections/batch/report/leader";
  const pid_t reader = fork();  // before there are threads
  if (reader == 0) {
    uint16_t port = 0;
    if (read(port_fds[0], &port, sizeof port) != sizeof port) _exit(1);
    Read(port, watchers,
         "GET " + path + " HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", kChanges,
         pipe_fds[1], over_tls);
  }
  close(pipe_fds[1]);
  election::ViewStore views;
  views.SetFreshness({.loaded = true,
                      .revision = {7},
                      .absent_since = {5},
                      .listed_at = {5},
                      .as_of = BootClock::now() + std::chrono::hours(1),
                      .watching = true,
                      .cluster_id = 1});
  Publish(views, 7);
  const auto limit = static_cast<size_t>(watchers) + 10;
  const std::string folder = over_tls ? MakeCertificate() : "";
  tls::PemFiles pem_files;
  if (over_tls) pem_files = {.ca = {}, .cert = folder + "/cert", .key = folder + "/key"};
  auto server = http::Server::Start(
      {.listen = "127.0.0.1:0",
       .tls = pem_files,
       .limits = {.connections = limit, .watchers = limit}},
      {.views = views,
       .metrics = [] { return std::string(); },
       .readiness = [] { return http::Readiness{}; },
       .read_linearizable = [](election::ElectionName, http::LinearizableCallback) {}});
  if (!server) {
    std::fprintf(stderr, "watchers: %s\n", server.error().message.c_str());
    return 1;
  }
  if (over_tls && std::system(("rm -r " + folder).c_str()) != 0) return 1;
  const size_t before = bench::ResidentBytes();
  const uint16_t port = (*server)->port();
  char said = 0;
  const bool sent = write(port_fds[1], &port, sizeof port) == sizeof port;
  int code = sent && read(pipe_fds[0], &said, 1) == 1 ? 0 : 1;
  const size_t after = bench::ResidentBytes();
  std::vector<double> took_ms;
  for (int i = 0; code == 0 && i < kChanges; ++i) {
    const auto from = Clock::now();
    Publish(views, 100 + i);
    if (read(pipe_fds[0], &said, 1) != 1) code = 1;
    took_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - from).count());
  }
  if (code == 0) {
    std::sort(took_ms.begin(), took_ms.end());
    std::printf(
        "watchers %d bytes_each %zu last_of_them_ms median %.0f worst %.0f after_changes_kib %zu\n",
        watchers, (after - before) / static_cast<size_t>(watchers), took_ms[took_ms.size() / 2],
        took_ms.back(), (bench::ResidentBytes() - before) / 1024);
  }
  kill(reader, SIGKILL);
  waitpid(reader, nullptr, 0);
  (*server)->Stop(Milliseconds(10000));
  return code;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto said = [&](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const int watchers = words.empty() ? 10000 : std::atoi(words[0].c_str());
  if (watchers < 1) {
    std::fprintf(stderr, "usage: bench_watchers [N [one|many] [tls]]\n");
    return 2;
  }
  return bellwether::Run(watchers, said("many"), said("tls"));
}
