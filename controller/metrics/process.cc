#include "metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace bellwether::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily One(std::string name, MetricType type, std::string help, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {std::move(name), std::move(help), type, {std::move(metric)}};
}

// The fields of /proc/self/stat from the third on (proc(5)): the second, the program's name, may
// hold anything.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

// Unix time at which the machine started.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> OpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  double count = 0;
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) ++count;
  if (error) return std::nullopt;
  return count - 1;  // without the one that looks
}

}  // namespace

std::vector<MetricFamily> ProcessFamilies() {
  std::vector<MetricFamily> families;
  const std::vector<std::string> fields = StatFields();
  // Field n of proc(5) is fields[n - 3]; the highest one used is 24.
  if (fields.size() > 24 - 3) {
    const auto field = [&fields](size_t n) { return std::strtod(fields[n - 3].c_str(), nullptr); };
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    families.push_back(One("process_cpu_seconds_total", MetricType::Counter,
                           "User and system CPU time.", (field(14) + field(15)) / ticks));
    families.push_back(
        One("process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory.", field(23)));
    families.push_back(One("process_resident_memory_bytes", MetricType::Gauge, "Resident memory.",
                           field(24) * page));
    families.push_back(One("process_threads", MetricType::Gauge, "Threads.", field(20)));
    static const std::optional<double> boot_time = BootTime();
    if (boot_time) {
      families.push_back(One("process_start_time_seconds", MetricType::Gauge,
                             "Unix time at which the process started.",
                             *boot_time + field(22) / ticks));
    }
  }
  if (const auto fds = OpenFds()) {
    families.push_back(One("process_open_fds", MetricType::Gauge, "Open file descriptors.", *fds));
  }
  if (rlimit limit{}; getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    families.push_back(One("process_max_fds", MetricType::Gauge,
                           "File descriptors that the process may open.",
                           static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace bellwether::metrics
