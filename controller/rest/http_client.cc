#include "rest/http_client.h"

#define _TURN_OFF_PLATFORM_STRING  // a macro named U otherwise
#include <cpprest/http_client.h>
#include <cpprest/rawptrstream.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "rest/problem.h"
#include "rest/tls_context.h"

namespace bellwether::rest {
namespace {

namespace cpprest = web::http;

// Its threads do what a callback asks for and never wait; it would start 40.
constexpr size_t kThreads = 2;

void StartThreads() {
  static std::once_flag once;
  std::call_once(once, [] { crossplat::threadpool::initialize_with_threads(kThreads); });
}

// The way back to the scheduler's thread, closed before the scheduler may go: cpprestsdk answers
// whenever it likes.
class Way {
 public:
  explicit Way(Scheduler& scheduler) : scheduler_(&scheduler) {}
  void Post(Task task) {
    const std::lock_guard lock(mutex_);
    if (scheduler_ != nullptr) scheduler_->Post(std::move(task));
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    scheduler_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Scheduler* scheduler_;
};

// One request at one server. Its room for the answer is memory of a fixed size, which is touched as
// far as it is filled.
struct Exchange {
  explicit Exchange(size_t limit)
      : bytes(new uint8_t[limit]), room(bytes.get(), limit, std::ios_base::out) {}
  const std::unique_ptr<uint8_t[]> bytes;
  concurrency::streams::rawptr_buffer<uint8_t> room;
  pplx::cancellation_token_source cancel;
};

Result<Response> Read(const std::string& asked, const Exchange& exchange,
                      const pplx::task<cpprest::http_response>& task, size_t limit) {
  const auto failed = [&](Code code, const std::string& why) {
    return Error{.code = code, .effect = Effect::kUnknown, .message = asked + ": " + why};
  };
  try {
    const cpprest::http_response answer = task.get();
    Response response{.asked = asked, .status = answer.status_code()};
    for (const auto& [name, value] : answer.headers()) {
      std::string lower = name;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      response.headers.push_back({std::move(lower), value});
    }
    const auto filled = static_cast<size_t>(exchange.room.getpos(std::ios_base::out));
    response.body.assign(reinterpret_cast<const char*>(exchange.bytes.get()), filled);
    return response;
  } catch (const cpprest::http_exception& error) {
    const bool late = error.error_code() == std::errc::timed_out;
    return failed(late ? Code::kDeadline : Code::kUnavailable, error.what());
  } catch (const pplx::task_canceled&) {
    return failed(Code::kCancelled, "given up");
  } catch (const std::runtime_error&) {
    // What a rawptr_buffer throws that is full.
    return failed(Code::kTooLarge, "the answer is larger than " + std::to_string(limit) + " bytes");
  } catch (const std::exception& error) {
    return failed(Code::kInternal, error.what());
  }
}

bool IsRead(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

bool AnotherMayServe(const Result<Response>& result) {
  if (!result) return true;
  const int status = result->status;
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(Scheduler& scheduler, Peer peer, Options options)
      : scheduler_(scheduler),
        peer_(std::move(peer)),
        options_(options),
        way_(std::make_shared<Way>(scheduler)) {
    StartThreads();
    for (const std::string& server : peer_.servers) {
      cpprest::client::http_client_config config;
      config.set_timeout(options_.silence);
      config.set_max_redirects(0);
      config.set_ssl_context_callback(
          [tls = peer_.tls](boost::asio::ssl::context& context) { SetUpTls(tls, context); });
      clients_.emplace_back(server, config);
    }
  }

  ~Impl() {
    way_->Close();
    for (auto& [id, call] : calls_) call.exchange->cancel.cancel();
  }

  void Call(Request request, Callback done) {
    const uint64_t id = ++last_id_;
    auto [it, added] = calls_.try_emplace(id, scheduler_);
    Called& call = it->second;
    call.request = std::move(request);
    call.done = std::move(done);
    call.deadline.Set(scheduler_.Now() + options_.timeout, [this, id] { OnDeadline(id); });
    Send(id, call);
  }

 private:
  struct Called {
    explicit Called(Scheduler& scheduler) : deadline(scheduler) {}
    Request request;
    Callback done;
    Timer deadline;
    size_t server = 0;
    std::string failures;
    std::optional<Response> refusal;
    std::shared_ptr<Exchange> exchange;
  };

  std::string Asked(const Called& call) const {
    return call.request.method + " " + peer_.servers[call.server] + call.request.path;
  }

  void Send(uint64_t id, Called& call) {
    cpprest::http_request message(call.request.method);
    message.set_request_uri(call.request.path);
    if (!call.request.body.empty()) message.set_body(call.request.body, "application/json");
    for (const auto* headers : {&peer_.headers, &std::as_const(call.request.headers)}) {
      for (const Header& header : *headers) message.headers()[header.name] = header.value;
    }
    const auto exchange = std::make_shared<Exchange>(options_.answer_bytes);
    call.exchange = exchange;
    message.set_response_stream(exchange->room.create_ostream());
    // Keeps the room for as long as cpprestsdk may write into it, whenever it has done with us.
    message.set_progress_handler(
        [exchange](cpprest::message_direction::direction, utility::size64_t) {});
    auto deliver = scope_.Bind([this, id, server = call.server](Result<Response> result) {
      OnRead(id, server, std::move(result));
    });
    clients_[call.server]
        .request(message, exchange->cancel.get_token())
        .then([](const cpprest::http_response& head) { return head.content_ready(); })
        .then([exchange, deliver, asked = Asked(call), way = way_,
               limit = options_.answer_bytes](const pplx::task<cpprest::http_response>& task) {
          way->Post([deliver, read = Read(asked, *exchange, task, limit)]() mutable {
            deliver(std::move(read));
          });
        });
  }

  void OnRead(uint64_t id, size_t server, Result<Response> result) {
    const auto found = calls_.find(id);
    if (found == calls_.end() || found->second.server != server) return;
    Called& call = found->second;
    if (!AnotherMayServe(result)) return Finish(id, std::move(result));
    call.failures += (call.failures.empty() ? "" : "; ") +
                     (result ? RefusalOf(*result) : result.error()).message;
    if (!IsRead(call.request)) return Finish(id, std::move(result));
    if (result) call.refusal = *std::move(result);
    if (++call.server < clients_.size()) return Send(id, call);
    if (call.refusal) return Finish(id, *std::move(call.refusal));
    Error all = result.error();
    all.effect = Effect::kNone;
    all.message = call.failures;
    Finish(id, std::move(all));
  }

  void OnDeadline(uint64_t id) {
    Called& call = calls_.at(id);
    call.exchange->cancel.cancel();
    Error late{.code = Code::kDeadline,
               .effect = IsRead(call.request) ? Effect::kNone : Effect::kUnknown,
               .message = Asked(call) + ": no answer within " +
                          std::to_string(options_.timeout.count()) + " ms"};
    if (!call.failures.empty()) late.message = call.failures + "; " + late.message;
    Finish(id, std::move(late));
  }

  void Finish(uint64_t id, Result<Response> result) {
    const auto call = calls_.extract(id);
    call.mapped().done(std::move(result));
  }

  Scheduler& scheduler_;
  const Peer peer_;
  const Options options_;
  const std::shared_ptr<Way> way_;
  std::vector<cpprest::client::http_client> clients_;
  std::map<uint64_t, Called> calls_;
  uint64_t last_id_ = 0;
  Scope scope_;
};

Result<std::unique_ptr<HttpClient>> HttpClient::Make(Scheduler& scheduler, Peer peer,
                                                     Options options) {
  if (Status usable = CheckTlsFiles(peer.tls); !usable) return usable.error();
  return std::unique_ptr<HttpClient>(
      new HttpClient(std::make_unique<Impl>(scheduler, std::move(peer), options)));
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

void HttpClient::Call(Request request, Callback done) {
  impl_->Call(std::move(request), std::move(done));
}

}  // namespace bellwether::rest
