#include "http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>
#include <string_view>
#include <utility>

#include "http/problem.h"
#include "http/response_head.h"

namespace bellwether::http {
namespace {

namespace bhttp = beast::http;

constexpr size_t kReadBytes = 2048;
// Larger answers count as under way (Limits::bytes_under_way).
constexpr size_t kSmallAnswer = 16 * 1024;
// After the last answer the client may still be sending. Closing at once would make the kernel
// reset the connection, and the answer would be lost with it; so some of that is read and dropped.
constexpr Milliseconds kLinger{2000};
constexpr size_t kLingerBytes = 1 << 20;
// A connection beyond the limit may hold one of the few places for those no longer than this.
constexpr Milliseconds kRefuseWithin{2000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view BytesOf(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

Response Malformed(const std::string& detail) {
  return ToResponse(
      {.type = kMalformedRequest, .detail = detail, .next = "Send HTTP/1.1 as RFC 9112 has it."});
}

Response TooLargeHeader(bool in_request_line, const Limits& limits) {
  if (in_request_line) {
    return ToResponse({.type = kTargetTooLong,
                       .detail = "The request target is longer than " +
                                 std::to_string(limits.target_bytes) + " bytes.",
                       .next = "Send a shorter one; no call needs so much."});
  }
  return ToResponse({.type = kHeaderTooLarge,
                     .detail = "The request header is longer than " +
                               std::to_string(limits.header_bytes) + " bytes.",
                     .next = "Send fewer or shorter header fields, cookies for instance."});
}

// What a parser's complaint means to the client.
Response ForParseError(ErrorCode ec, const Limits& limits) {
  if (ec == bhttp::error::body_limit) {
    return ToResponse({.type = kBodyTooLarge,
                       .detail = "The request body is longer than " +
                                 std::to_string(limits.body_bytes) + " bytes.",
                       .next = "Send none; no call reads a body."});
  }
  if (ec == bhttp::error::bad_version) {
    return ToResponse({.type = kBadVersion,
                       .detail = "The request line does not end with HTTP/1.0 or HTTP/1.1.",
                       .next = "Use HTTP/1.1."});
  }
  return Malformed("The request cannot be read: " + ec.message() + ".");
}

bool IsParseError(ErrorCode ec) {
  return ec.category() == make_error_code(bhttp::error::body_limit).category() &&
         ec != bhttp::error::end_of_stream && ec != bhttp::error::partial_message;
}

// All lines of a field, as one list.
std::string Joined(const bhttp::fields& fields, bhttp::field name) {
  std::string joined;
  const auto [begin, end] = fields.equal_range(name);
  for (auto it = begin; it != end; ++it) {
    if (!joined.empty()) joined += ", ";
    joined.append(it->value().data(), it->value().size());
  }
  return joined;
}

}  // namespace

std::shared_ptr<Connection> Connection::Make(Stream stream, ServerState& state) {
  std::shared_ptr<Connection> made(new Connection(std::move(stream), state));
  state.sessions.Add(made);
  return made;
}

Connection::Connection(Stream stream, ServerState& state)
    : state_(state),
      limits_(state.limits()),
      strand_(stream.get_executor()),
      remote_(stream.Remote()),
      stream_(std::move(stream)),
      answer_timer_(strand_),
      buffer_(limits_->header_bytes) {}

Connection::~Connection() {
  ReleaseBytes();
  state_.sessions.Remove(this);
}

void Connection::Start() {
  OnStrand([](Connection& self) {
    if (self.state_.draining && self.IsIdle()) return;
    // A client that connects and sends nothing gets the time of a header, not that of an idle
    // connection; a handshake counts as a part of it.
    self.Begin(self.limits_->header_timeout);
  });
}

void Connection::StartBeyondTheLimit(Response refusal) {
  refusal_ = std::make_unique<Response>(std::move(refusal));
  OnStrand(
      [](Connection& self) { self.Begin(std::min(kRefuseWithin, self.limits_->header_timeout)); });
}

void Connection::Drain() {
  OnStrand([](Connection& self) {
    if (!self.stream_) return;  // it lives on as an event stream, which drains by itself
    if (self.watching_) return self.OnChange(self.request_number_, /*behind=*/false);
    if (self.IsIdle()) self.stream_.Close();
  });
}

void Connection::Close() {
  OnStrand([](Connection& self) {
    self.StopWaiting();
    if (self.stream_) self.stream_.Close();
  });
}

// --- Reading

void Connection::Begin(Milliseconds within) {
  stream_.ExpiresAfter(within);
  if (!stream_.secure()) return ReadHeader();
  stream_.Handshake([self = shared_from_this()](ErrorCode ec, size_t) { self->OnHandshake(ec); });
}

void Connection::OnHandshake(ErrorCode ec) {
  if (!Failed(ec)) return ReadHeader();
  const HandshakeFailure failure = FailureOf(ec, stream_.timed_out());
  const std::string refused = stream_.RefusedBecause();
  state_.handshakes.OnFailure(BootClock::now(), failure, remote_,
                              ec.message() + (refused.empty() ? "" : ": " + refused));
  if (failure == HandshakeFailure::kTimeout || failure == HandshakeFailure::kClosed) return;
  stream_.DropTls();
  // A client of TLS 1.3 has sent its request by now: it must still hear why it was refused.
  if (failure != HandshakeFailure::kPlainHttp) return Linger();
  BeginAccess();
  SendAndClose(ToResponse({.type = kMalformedRequest,
                           .detail = "An HTTP request without TLS came to a port of HTTPS.",
                           .next = "Write https:// instead of http:// in the URL."}));
}

void Connection::ReadHeader() {
  const Limits& limits = *limits_;
  // RFC 9112 section 2.2: empty lines before a request line are ignored.
  while (searched_ == 0 && BytesOf(buffer_).starts_with("\r\n")) buffer_.consume(2);
  const std::string_view bytes = BytesOf(buffer_);
  const size_t end = bytes.find("\r\n\r\n", searched_ > 3 ? searched_ - 3 : 0);
  if (end != std::string_view::npos) return OnHeader(end + 4);
  searched_ = bytes.size();
  if (bytes.size() >= limits.header_bytes) {
    BeginAccess();
    return SendAndClose(TooLargeHeader(bytes.find('\n') == std::string_view::npos, limits));
  }
  stream_.async_read_some(
      buffer_.prepare(std::min(kReadBytes, limits.header_bytes - bytes.size())),
      [self = shared_from_this()](ErrorCode ec, size_t count) { self->OnRead(ec, count); });
}

void Connection::OnRead(ErrorCode ec, size_t bytes) {
  if (Failed(ec)) return;
  buffer_.commit(bytes);
  // From the first byte on the header has one deadline, however slowly its bytes come.
  if (!reading_header_ && served_) stream_.ExpiresAfter(limits_->header_timeout);
  reading_header_ = true;
  ReadHeader();
}

void Connection::OnHeader(size_t size) {
  searched_ = 0;
  BeginAccess();
  parser_.emplace();
  parser_->header_limit(std::numeric_limits<uint32_t>::max());  // ReadHeader bounds it
  // Bounded below, when it is known whether it will be read.
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
  ErrorCode ec;
  // RFC 9112 section 5.2 lets a server refuse a field that goes on in the next line.
  const std::string_view header = BytesOf(buffer_).substr(0, size);
  if (header.find("\r\n ") != std::string_view::npos ||
      header.find("\r\n\t") != std::string_view::npos) {
    return SendAndClose(Malformed("A header field goes on in the next line."));
  }
  const size_t used = parser_->put(asio::buffer(buffer_.data(), size), ec);
  if (ec) return SendAndClose(ForParseError(ec, *limits_));
  if (!parser_->is_header_done())
    return SendAndClose(Malformed("The request header cannot be read."));
  buffer_.consume(used);
  if (auto refusal = ReadFields()) return SendAndClose(*std::move(refusal));
  if (refusal_ != nullptr) {
    keep_alive_ = false;
    const bool probe = parser_->is_done() && state_.router.IsBeyondTheLimit(request_);
    if (!probe) return Send(*std::move(refusal_));
  }
  if (parser_->is_done()) return Dispatch();
  if (state_.router.IsBodyElsewhere(request_)) {
    keep_alive_ = false;  // what comes next is that body
    return Dispatch();
  }
  parser_->body_limit(limits_->body_bytes);
  if (parser_->content_length().value_or(0) > limits_->body_bytes) {
    return SendAndClose(ForParseError(bhttp::error::body_limit, *limits_));
  }

  stream_.ExpiresAfter(limits_->header_timeout);
  const auto& message = parser_->get();
  if (message.version() < 11 || !beast::iequals(message[bhttp::field::expect], "100-continue")) {
    return ReadBody();
  }
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](ErrorCode failed, size_t) {
                      if (!self->Failed(failed)) self->ReadBody();
                    });
}

// Takes from the header what an answer depends on; a refusal when the request must not be read any
// further, because it could mean something else to a proxy before us.
std::optional<Response> Connection::ReadFields() {
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  request_.accept = Joined(message, bhttp::field::accept);
  request_.if_none_match = Joined(message, bhttp::field::if_none_match);
  request_.last_event_id = std::string(message["Last-Event-ID"]);
  if (access_) {
    access_->method = request_.method;
    access_->target = request_.target;
    access_->user_agent = std::string(message[bhttp::field::user_agent]);
    if (state_.router.IsUnlogged(request_)) access_.reset();
  }
  if (request_.target.size() > limits_->target_bytes) {
    return TooLargeHeader(/*in_request_line=*/true, *limits_);
  }
  const size_t hosts = message.count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    return Malformed("The request must carry one Host field, not " + std::to_string(hosts) + ".");
  }
  // RFC 9110 section 8.6 lets a server refuse one that is repeated, though the same.
  const std::string length = Joined(message, bhttp::field::content_length);
  if (length.find(',') != std::string::npos) {
    return Malformed("The request carries more than one length of its body.");
  }
  const std::string encoding = Joined(message, bhttp::field::transfer_encoding);
  if (!encoding.empty() && (!beast::iequals(encoding, "chunked") || message.version() < 11)) {
    return Malformed("The only transfer encoding understood is \"chunked\", in HTTP/1.1.");
  }
  return std::nullopt;
}

void Connection::ReadBody() {
  bhttp::async_read(stream_, buffer_, *parser_,
                    [self = shared_from_this()](ErrorCode ec, size_t) { self->OnBody(ec); });
}

void Connection::OnBody(ErrorCode ec) {
  if (IsParseError(ec)) return SendAndClose(ForParseError(ec, *limits_));
  if (Failed(ec)) return;
  Dispatch();
}

// --- Answering

void Connection::Dispatch() {
  ++request_number_;
  parser_.reset();
  waiting_ = true;
  if (auto response = state_.router.Handle(request_, BootClock::now(), *this)) {
    waiting_ = false;
    return Send(*std::move(response));
  }
  if (!watching_) return WaitForAnswer();
  WatchOrRefuse();
}

// --- Writing

void Connection::BeginAccess() {
  if (state_.access_log == AccessLog::kNone) return;
  access_ = std::make_unique<Access>(Access{.began = BootClock::now(), .remote = remote_});
}

void Connection::EndAccess(bool cut) {
  if (access_) LogAccess(state_.access_log, *access_, cut, BootClock::now());
  access_.reset();
}

void Connection::SendAndClose(Response response) {
  keep_alive_ = false;
  Send(std::move(response));
}

void Connection::Send(Response response) {
  const bool without_body = request_.method == "HEAD";
  if (!without_body && response.body.size() > kSmallAnswer) {
    const size_t size = response.body.size();
    reserved_ = size;
    if (state_.bytes_under_way.fetch_add(size) + size > state_.limits()->bytes_under_way) {
      ReleaseBytes();
      response =
          ToResponse({.type = kOverloaded,
                      .detail = "Too many large answers wait for their clients to take them.",
                      .next = "Try again in a second, or ask for less at once.",
                      .retry_after = Milliseconds(1000)});
    }
  }
  if (state_.draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  const auto first_digit = static_cast<size_t>(response.status / 100);
  state_.answers[first_digit].fetch_add(1, std::memory_order_relaxed);
  head_ = FormatHead(response, keep_alive_, std::chrono::system_clock::now());
  body_ = without_body ? std::string() : std::move(response.body);
  if (access_) {
    access_->status = response.status;
    access_->bytes = body_.size();
  }
  stream_.ExpiresAfter(limits_->write_timeout);
  const std::array<asio::const_buffer, 2> both = {asio::buffer(head_), asio::buffer(body_)};
  asio::async_write(stream_, both,
                    [self = shared_from_this()](ErrorCode ec, size_t) { self->OnSent(ec); });
}

void Connection::OnSent(ErrorCode ec) {
  ReleaseBytes();
  EndAccess(/*cut=*/ec.failed());
  if (Failed(ec)) return;
  std::string().swap(body_);
  request_ = {};  // a refusal of the next one, before it is read, is no answer to this one's method
  if (!keep_alive_) return Linger();
  served_ = true;
  request_ = {};  // what cannot be read next is not this one again
  reading_header_ = buffer_.size() > 0;
  const Limits& limits = *limits_;
  stream_.ExpiresAfter(reading_header_ ? limits.header_timeout : limits.idle_timeout);
  // Draining may have begun while an answer was being written that said keep-alive.
  if (state_.draining && IsIdle()) return;
  ReadHeader();
}

void Connection::Linger() {
  stream_.ShutdownSend();
  stream_.ExpiresAfter(kLinger);
  Discard();
}

void Connection::Discard() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(std::min(kReadBytes, limits_->header_bytes)),
                          [self = shared_from_this()](ErrorCode ec, size_t bytes) {
                            self->discarded_ += bytes;
                            if (!ec && self->discarded_ < kLingerBytes) self->Discard();
                          });
}

// An operation that failed ends the connection: nothing more is started, so its last owner goes.
bool Connection::Failed(ErrorCode ec) {
  if (ec && stream_.timed_out()) state_.timed_out.fetch_add(1, std::memory_order_relaxed);
  return ec.failed();
}

// A request that has arrived in the kernel, but was not read yet, is still answered.
bool Connection::IsIdle() {
  return !reading_header_ && buffer_.size() == 0 && !stream_.HasUnread();
}

void Connection::ReleaseBytes() { state_.bytes_under_way.fetch_sub(std::exchange(reserved_, 0)); }

}  // namespace bellwether::http
