#include "rest/http_stream.h"

#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "rest/problem.h"

namespace bellwether::rest {
namespace {

// Of a refusal; and of all headers of an answer.
constexpr size_t kMaxRefusalBytes = 64 * 1024;
constexpr size_t kMaxHeaderBytes = 64 * 1024;

struct EasyEnd {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiEnd {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListEnd>;

void Append(HeaderList& list, const Header& header) {
  const std::string line = header.name + ": " + header.value;
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

const char* OrNull(const std::string& path) { return path.empty() ? nullptr : path.c_str(); }

}  // namespace

// The connection and its thread.
class HttpStream::Transfer {
 public:
  Transfer(Scheduler& scheduler, const Peer& peer, size_t server, const Request& request,
           Options options)
      : scheduler_(scheduler), options_(options), url_(peer.servers[server] + request.path) {
    StartCurl();
    multi_.reset(curl_multi_init());
    easy_.reset(curl_easy_init());
    for (const auto* headers : {&peer.headers, &request.headers}) {
      for (const Header& header : *headers) Append(headers_, header);
    }
    SetUp(peer.tls);
  }

  // `deliver` is posted when there is something to take.
  void Start(Task deliver) {
    deliver_ = std::move(deliver);
    last_byte_ = BootClock::now();
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    taken_.notify_one();
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  struct Taken {
    bool opened = false;
    std::string bytes;
    std::optional<Error> end;
  };
  Taken Take() {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    taken_.notify_one();
    return std::exchange(waiting_, {});
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  void SetUp(const TlsFiles& tls) {
    Set(CURLOPT_URL, url_.c_str());
    Set(CURLOPT_HTTPHEADER, headers_.get());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_PROXY, "");
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_QUICK_EXIT, 1L);  // a name that does not resolve holds nothing up
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!tls.ca_file.empty()) {
      Set(CURLOPT_CAINFO, tls.ca_file.c_str());
      Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    Set(CURLOPT_SSLCERT, OrNull(tls.cert_file));
    Set(CURLOPT_SSLKEY, OrNull(tls.key_file));
    Set(CURLOPT_ERRORBUFFER, words_);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(CURLOPT_HEADERDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  }

  static size_t OnBody(char* bytes, size_t size, size_t count, void* self) {
    return static_cast<Transfer*>(self)->TakeBody({bytes, size * count}) ? size * count : 0;
  }
  static size_t OnHeader(char* bytes, size_t size, size_t count, void* self) {
    return static_cast<Transfer*>(self)->TakeHeader({bytes, size * count}) ? size * count : 0;
  }

  bool TakeHeader(std::string_view line) {
    last_byte_ = BootClock::now();
    header_bytes_ += line.size();
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      line = line.substr(colon + 1);
      while (!line.empty() && std::strchr(" \t\r\n", line.front()) != nullptr)
        line.remove_prefix(1);
      while (!line.empty() && std::strchr(" \t\r\n", line.back()) != nullptr) line.remove_suffix(1);
      answer_.headers.push_back({std::move(name), std::string(line)});
    } else if (line == "\r\n") {
      OnHead();
    }
    return header_bytes_ <= kMaxHeaderBytes;
  }

  // All headers are there; of an interim answer (1xx) too.
  void OnHead() {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    if (status < 200) {
      answer_.headers.clear();
    } else if (answer_.ok()) {
      Put([](Taken& to) { to.opened = true; });
    }
  }

  bool TakeBody(std::string_view bytes) {
    last_byte_ = BootClock::now();
    if (!answer_.ok()) {
      answer_.body.append(bytes);
      return answer_.body.size() <= kMaxRefusalBytes;
    }
    {
      std::unique_lock lock(mutex_);
      taken_.wait(lock, [&] {
        return stopped_ || waiting_.bytes.empty() ||
               waiting_.bytes.size() + bytes.size() <= kMaxWaiting;
      });
      if (stopped_) return false;
    }
    Put([&](Taken& to) { to.bytes.append(bytes); });
    // What the handler held up is no silence of the server.
    last_byte_ = BootClock::now();
    return true;
  }

  template <typename Change>
  void Put(Change change) {
    const std::lock_guard lock(mutex_);
    change(waiting_);
    if (stopped_ || std::exchange(posted_, true)) return;
    scheduler_.Post(deliver_);
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  void Run() {
    curl_multi_add_handle(multi_.get(), easy_.get());
    int running = 1;
    while (running > 0 && !stopped()) {
      curl_multi_perform(multi_.get(), &running);
      if (running == 0) break;
      const auto silent = BootClock::now() - last_byte_;
      if (options_.silence.count() > 0 && silent >= options_.silence) {
        End(Code::kDeadline,
            "nothing came for " + std::to_string(options_.silence.count() / 1000) + " s");
        break;
      }
      curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
    }
    if (running == 0) Finished();
    curl_multi_remove_handle(multi_.get(), easy_.get());
  }

  void Finished() {
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
    const CURLcode code = message != nullptr ? message->data.result : CURLE_OK;
    if (answer_.status != 0 && !answer_.ok()) {
      answer_.asked = "GET " + url_;
      const Error refusal = RefusalOf(answer_);
      return Put([&](Taken& to) { to.end = refusal; });
    }
    if (code == CURLE_OK) return End(Code::kUnavailable, "the server has ended the stream");
    const char* const words = words_[0] != '\0' ? words_ : curl_easy_strerror(code);
    End(code == CURLE_OPERATION_TIMEDOUT ? Code::kDeadline : Code::kUnavailable, words);
  }

  void End(Code code, const std::string& why) {
    Put([&](Taken& to) { to.end = Error{.code = code, .message = "GET " + url_ + ": " + why}; });
  }

  Scheduler& scheduler_;
  const Options options_;
  const std::string url_;
  Task deliver_;

  // Of the thread, once it runs; the multi handle's wake-up is for any.
  std::unique_ptr<CURLM, MultiEnd> multi_;
  HeaderList headers_;
  std::unique_ptr<CURL, EasyEnd> easy_;
  char words_[CURL_ERROR_SIZE] = "";
  Response answer_;
  size_t header_bytes_ = 0;
  MonotonicTime last_byte_;

  std::mutex mutex_;  // guards the four below
  std::condition_variable taken_;
  Taken waiting_;
  bool posted_ = false;
  bool stopped_ = false;

  std::thread thread_;
};

HttpStream::HttpStream(Scheduler& scheduler, const Peer& peer, size_t server,
                       const Request& request, Options options, StreamHandler* handler)
    : transfer_(std::make_unique<Transfer>(scheduler, peer, server, request, options)),
      handler_(handler) {
  transfer_->Start(scope_.Bind([this] { Deliver(); }));
}

HttpStream::~HttpStream() { transfer_->Stop(); }

void HttpStream::Deliver() {
  const Transfer::Taken taken = transfer_->Take();
  const auto alive = scope_.life();
  // Each may destroy this.
  if (taken.opened) handler_->OnOpen();
  if (!alive.expired() && !taken.bytes.empty()) handler_->OnBytes(taken.bytes);
  if (!alive.expired() && taken.end) handler_->OnEnd(*taken.end);
}

}  // namespace bellwether::rest
