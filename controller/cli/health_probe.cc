#include "cli/health_probe.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/duration.h"

namespace bellwether::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using asio::ip::tcp;
using Problem = boost::system::error_code;

constexpr uint32_t kMaxHeadBytes = 8 * 1024;

std::vector<tcp::endpoint> EndpointsOf(const HealthTarget& target) {
  if (target.host != "localhost") return {{asio::ip::make_address(target.host), target.port}};
  return {{asio::ip::address_v4::loopback(), target.port},
          {asio::ip::address_v6::loopback(), target.port}};
}

bhttp::request<bhttp::empty_body> RequestFor(const HealthTarget& target) {
  bhttp::request<bhttp::empty_body> request(bhttp::verb::get, target.path, 11);
  const bool v6 = target.host.find(':') != std::string::npos;
  request.set(bhttp::field::host,
              (v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port));
  request.set(bhttp::field::user_agent, "bellwether-health/" BELLWETHER_VERSION);
  request.set(bhttp::field::accept, "*/*");
  request.set(bhttp::field::connection, "close");
  return request;
}

Error Unwell(const std::string& why) { return {.code = Code::kUnavailable, .message = why}; }

// One question; lives in the handlers of its socket, on the thread of the sockets.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(asio::io_context& io, const HealthTarget& target, Milliseconds timeout,
          HealthProbe::Told told)
      : timeout_(timeout),
        wants_answer_(!target.path.empty()),
        endpoints_(EndpointsOf(target)),
        request_(RequestFor(target)),
        stream_(io),
        buffer_(kMaxHeadBytes),
        told_(std::move(told)) {
    parser_.header_limit(kMaxHeadBytes);
    parser_.body_limit(std::numeric_limits<uint64_t>::max());  // none of it is read
  }

  void Start() {
    stream_.expires_after(timeout_);  // for all that follows
    stream_.async_connect(endpoints_,
                          [self = shared_from_this()](Problem problem, const tcp::endpoint&) {
                            self->OnConnected(problem);
                          });
  }

 private:
  void OnConnected(Problem problem) {
    if (problem) return Fail("no connection", problem);
    if (!wants_answer_) return told_(Ok());
    bhttp::async_write(stream_, request_, [self = shared_from_this()](Problem failed, size_t) {
      if (failed) return self->Fail("the request could not be sent", failed);
      self->Read();
    });
  }

  void Read() {
    bhttp::async_read_header(stream_, buffer_, parser_,
                             [self = shared_from_this()](Problem problem, size_t) {
                               if (problem) return self->Fail("no HTTP answer", problem);
                               self->Judge(self->parser_.get().result_int());
                             });
  }

  void Judge(unsigned status) {
    if (status >= 200 && status < 400) return told_(Ok());
    told_(Unwell("it answered with status " + std::to_string(status)));
  }

  void Fail(const std::string& what, const Problem& problem) {
    told_(Unwell(what + ": " +
                 (problem == beast::error::timeout ? "not within " + ToString(timeout_)
                                                   : problem.message())));
  }

  const Milliseconds timeout_;
  const bool wants_answer_;
  const std::vector<tcp::endpoint> endpoints_;
  const bhttp::request<bhttp::empty_body> request_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  bhttp::response_parser<bhttp::empty_body> parser_;
  const HealthProbe::Told told_;
};

}  // namespace

class HealthProbe::Impl {
 public:
  Impl(Scheduler& scheduler, HealthTarget target, Milliseconds timeout)
      : scheduler_(scheduler), target_(std::move(target)), timeout_(timeout), io_(1) {}

  ~Impl() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  // Throws when there can be no thread.
  void Start() {
    thread_ = std::thread([this] { io_.run(); });
  }

  void Ask(Told told) {
    Forget();
    asio::post(io_, [this, bound = scope_.Bind(std::move(told))] {
      try {
        std::make_shared<Attempt>(io_, target_, timeout_, [this, bound](const Status& status) {
          scheduler_.Post([bound, status]() mutable { bound(status); });
        })->Start();
      } catch (const std::exception& e) {
        scheduler_.Post([bound, status = Status(Unwell(e.what()))]() mutable { bound(status); });
      }
    });
  }

  void Forget() { scope_.Reset(); }

 private:
  Scheduler& scheduler_;
  const HealthTarget target_;
  const Milliseconds timeout_;
  asio::io_context io_;
  const asio::executor_work_guard<asio::io_context::executor_type> work_ =
      asio::make_work_guard(io_);
  std::thread thread_;
  Scope scope_;
};

HealthProbe::HealthProbe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HealthProbe::~HealthProbe() = default;

Result<std::unique_ptr<HealthProbe>> HealthProbe::Make(Scheduler& scheduler, HealthTarget target,
                                                       Milliseconds timeout) {
  auto impl = std::make_unique<Impl>(scheduler, std::move(target), timeout);
  try {
    impl->Start();
  } catch (const std::system_error& error) {
    return Error{.code = Code::kInternal,
                 .message = std::string("cannot make a thread for --health: ") + error.what() +
                            "; raise the limit on processes (ulimit -u)"};
  }
  return std::unique_ptr<HealthProbe>(new HealthProbe(std::move(impl)));
}

void HealthProbe::Ask(Told told) { impl_->Ask(std::move(told)); }
void HealthProbe::Forget() { impl_->Forget(); }

}  // namespace bellwether::cli
