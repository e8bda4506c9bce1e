#include "tls/pem_files.h"

#include <fstream>
#include <utility>

#include "tls/pem.h"

namespace bellwether::tls {
namespace {

constexpr std::streamsize kMaxPemBytes = 1 << 20;

Result<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<size_t>(kMaxPemBytes) + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const std::streamsize size = file.gcount();
  if (file.bad() || size <= 0 || size > kMaxPemBytes) {
    return Error{.code = Code::kInvalid,
                 .message = "TLS file " + path + " cannot be used: " +
                            (size > kMaxPemBytes ? "larger than 1 MiB"
                                                 : std::string("empty or not readable")) +
                            "; check the path and its permissions"};
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace

Result<Pems> ReadPems(const PemFiles& files) {
  if (files.cert.empty() != files.key.empty()) {
    return Error{.code = Code::kInvalid,
                 .message = "TLS: a certificate and a key belong together; give both or none"};
  }
  Pems pems;
  const std::pair<const std::string*, std::string*> wanted[] = {
      {&files.ca, &pems.ca}, {&files.cert, &pems.cert}, {&files.key, &pems.key}};
  for (const auto& [path, text] : wanted) {
    auto read = ReadPem(*path);
    if (!read) return read.error();
    *text = *std::move(read);
  }
  for (const auto& [path, text] : wanted) {
    if (path == &files.key || path->empty()) continue;
    if (Status ok = CheckCertificates(*path, *text); !ok) return ok.error();
  }
  if (!files.key.empty()) {
    if (Status ok = CheckKey(files.key, pems.key, pems.cert); !ok) return ok.error();
  }
  return pems;
}

}  // namespace bellwether::tls
