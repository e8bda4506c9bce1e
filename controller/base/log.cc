#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/time.h"

namespace bellwether::log {
namespace {

std::atomic<Format> format_in_use{Format::kText};

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>(
        "bellwether", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *logger;
}

std::string AsText(std::string_view level, std::string_view message, Fields fields) {
  std::string line = Rfc3339(std::chrono::system_clock::now());
  line.append(" ").append(level).append(" ").append(message);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    // Quoting through JSON keeps a line one line, whatever a foreign key or server put into it.
    const bool plain = value.text().find_first_of(" \"\\=\n\r\t") == std::string::npos &&
                       !value.text().empty();
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

void Write(spdlog::level::level_enum level, std::string_view name, std::string_view message,
           Fields fields) {
  spdlog::logger& logger = Logger();
  if (!logger.should_log(level)) return;
  const bool json = format_in_use.load(std::memory_order_relaxed) == Format::kJson;
  logger.log(level, json ? AsJson(name, message, fields) : AsText(name, message, fields));
}

}  // namespace

void Configure(Level level, Format format) {
  format_in_use = format;
  spdlog::level::level_enum threshold = spdlog::level::info;
  switch (level) {
    case Level::kDebug: threshold = spdlog::level::debug; break;
    case Level::kInfo: threshold = spdlog::level::info; break;
    case Level::kWarning: threshold = spdlog::level::warn; break;
    case Level::kError: threshold = spdlog::level::err; break;
    case Level::kOff: threshold = spdlog::level::off; break;
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

}  // namespace bellwether::log
