#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "app/config_reading.h"
#include "tls/pem.h"

namespace bellwether::app {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

// Files of one map of the configuration, each read at most once.
class Files {
 public:
  Files(const ConfigNode* map, std::string path, ConfigProblems& problems)
      : map_(map), path_(std::move(path)), problems_(problems) {}

  // The text of the file that this key names; nullopt when there is none, or it was refused.
  std::optional<std::string> Read(std::string_view key) {
    const ConfigNode* node = map_ == nullptr ? nullptr : map_->Find(key);
    if (node == nullptr) return std::nullopt;
    errno = 0;
    std::ifstream file(node->text, std::ios::binary);
    std::string text(kMaxFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    if (!file.is_open() || file.bad()) {
      Refuse(key, Shown(node->text) + " cannot be read: " + std::strerror(errno) +
                      "; check the path and its permissions");
    } else if (text.empty()) {
      Refuse(key, Shown(node->text) + " is empty");
    } else if (text.size() > kMaxFileBytes) {
      Refuse(key, Shown(node->text) + " is larger than 1 MiB; is this the right file?");
    } else {
      return text;
    }
    return std::nullopt;
  }

  void Expect(std::string_view key, const Status& good) {
    if (!good) Refuse(key, good.error().message);
  }

  std::string NameOf(std::string_view key) const { return map_->Find(key)->text; }

  void Refuse(std::string_view key, std::string why) {
    problems_.Add(map_->Find(key)->at, path_ + "." + std::string(key), std::move(why));
  }

 private:
  const ConfigNode* const map_;
  const std::string path_;
  ConfigProblems& problems_;
};

// A map of TLS files; `ca` is what it calls those of authorities.
void CheckTls(Files files, std::string_view ca) {
  if (const auto text = files.Read(ca)) {
    files.Expect(ca, tls::CheckCertificates(files.NameOf(ca), *text));
  }
  const auto cert = files.Read("cert");
  if (cert) files.Expect("cert", tls::CheckCertificates(files.NameOf("cert"), *cert));
  const auto key = files.Read("key");
  // Without a certificate there is nothing that it could belong to.
  if (key && cert) files.Expect("key", tls::CheckKey(files.NameOf("key"), *key, *cert));
}

}  // namespace

void CheckFiles(ConfigReading& reading) {
  const ConfigNode* etcd = reading.tree.Find("etcd");
  CheckTls(Files(etcd->Find("tls"), "etcd.tls", reading.problems), "ca");
  Files auth(etcd->Find("auth"), "etcd.auth", reading.problems);
  if (const auto password = auth.Read("passwordFile")) {
    if (password->front() == '\n') {
      auth.Refuse("passwordFile", "its first line, which is the password, is empty");
    }
  }
  const ConfigNode* http = reading.tree.Find("http");
  CheckTls(Files(http->Find("tls"), "http.tls", reading.problems), "clientCa");
}

}  // namespace bellwether::app
