#include "base/log.h"

#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/line_writer.h"

namespace bellwether::log {
namespace {

std::atomic<Format> format_in_use{Format::kText};

std::string AsText(std::string_view level, std::string_view message, Fields fields) {
  std::string line = Rfc3339(std::chrono::system_clock::now());
  line.append(" ").append(level).append(" ").append(message);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    // Quoting through JSON keeps a line one line, whatever a foreign key or server put into it.
    const bool plain =
        value.text().find_first_of(" \"\\=\n\r\t") == std::string::npos && !value.text().empty();
    using nlohmann::json;
    line += plain ? value.text()
                  : json(value.text()).dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return line;
}

std::string AsJson(std::string_view level, std::string_view message, Fields fields) {
  nlohmann::ordered_json line;
  line["time"] = Rfc3339(std::chrono::system_clock::now());
  line["level"] = level;
  line["message"] = message;
  for (const auto& [name, value] : fields) {
    auto& slot = line[std::string(name)];
    if (value.quoted()) {
      slot = value.text();
    } else {
      slot = nlohmann::ordered_json::parse(value.text(), nullptr, false);
    }
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string Line(std::string_view level, std::string_view message, Fields fields) {
  const bool json = format_in_use.load(std::memory_order_relaxed) == Format::kJson;
  return json ? AsJson(level, message, fields) : AsText(level, message, fields);
}

// Never destroyed: its thread may be asleep in a write when the process ends.
LineWriter& Writer() {
  static LineWriter* const writer = new LineWriter(STDERR_FILENO, [](uint64_t lost) {
    return Line("warning", "log lines lost, standard error was not read", {{"lines", lost}}) + "\n";
  });
  return *writer;
}

// spdlog's own asynchronous logger waits for its thread at the end, for ever if need be.
class WriterSink final : public spdlog::sinks::sink {
 public:
  ~WriterSink() override { Writer().Flush(kEnd); }
  void log(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.begin(), message.payload.end());
    Writer().Add(std::move(line += '\n'));
  }
  void flush() override {}
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

 private:
  static constexpr Milliseconds kEnd{1000};
};

spdlog::logger& Logger() {
  static const auto logger =
      std::make_shared<spdlog::logger>("bellwether", std::make_shared<WriterSink>());
  return *logger;
}

void Write(spdlog::level::level_enum level, std::string_view name, std::string_view message,
           Fields fields) {
  spdlog::logger& logger = Logger();
  if (logger.should_log(level)) logger.log(level, Line(name, message, fields));
}

}  // namespace

void Configure(Level level, Format format) {
  format_in_use = format;
  spdlog::level::level_enum threshold = spdlog::level::info;
  switch (level) {
    case Level::kDebug:
      threshold = spdlog::level::debug;
      break;
    case Level::kInfo:
      threshold = spdlog::level::info;
      break;
    case Level::kWarning:
      threshold = spdlog::level::warn;
      break;
    case Level::kError:
      threshold = spdlog::level::err;
      break;
    case Level::kOff:
      threshold = spdlog::level::off;
      break;
  }
  Logger().set_level(threshold);
}

void Debug(std::string_view message, Fields fields) {
  Write(spdlog::level::debug, "debug", message, fields);
}
void Info(std::string_view message, Fields fields) {
  Write(spdlog::level::info, "info", message, fields);
}
void Warning(std::string_view message, Fields fields) {
  Write(spdlog::level::warn, "warning", message, fields);
}
void Error(std::string_view message, Fields fields) {
  Write(spdlog::level::err, "error", message, fields);
}

bool Flush(Milliseconds at_most) { return Writer().Flush(at_most); }

}  // namespace bellwether::log
