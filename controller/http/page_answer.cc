#include "http/page_answer.h"

#include <openssl/evp.h>

#include <array>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/etag.h"
#include "http/page_files.h"
#include "http/text.h"

namespace bellwether::http {
namespace {

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  BW_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) ==
           1);
  return {digest.begin(), digest.begin() + size};
}

void Fill(std::string& document, std::string_view mark, std::string_view with) {
  const size_t at = document.find(mark);
  BW_CHECK(at != std::string::npos);
  document.replace(at, mark.size(), with);
}

struct Page {
  std::string body;
  std::string etag;
  std::string policy;
};

Page MakePage() {
  Page page{.body = std::string(kPageDocument)};
  Fill(page.body, "{{version}}", BELLWETHER_VERSION);
  Fill(page.body, "{{style}}", kPageStyle);
  Fill(page.body, "{{script}}", kPageScript);
  page.etag = "\"" + Base64Url(Sha256(page.body)) + "\"";
  // The two hashes name the style and the script above, byte for byte. Trusted types forbid the
  // ways by which a script could make markup of what a candidate wrote. "data:" is the icon.
  page.policy = "default-src 'none'; script-src 'sha256-" + Base64(Sha256(kPageScript)) +
                "'; style-src 'sha256-" + Base64(Sha256(kPageStyle)) +
                "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
  return page;
}

}  // namespace

Response PageAnswer(const Request& request) {
  static const Page page = MakePage();
  Response response{.status = 200,
                    .content_type = std::string(kHtml) + "; charset=utf-8",
                    .body = page.body,
                    // Asked for again at each visit: a new version shows at once.
                    .headers = {{"Cache-Control", "no-cache"},
                                {"ETag", page.etag},
                                {"Content-Security-Policy", page.policy},
                                {"Referrer-Policy", "no-referrer"}}};
  if (EtagMatches(request.if_none_match, page.etag)) {
    response.status = 304;
    response.content_type.clear();
    response.body.clear();
  }
  return response;
}

}  // namespace bellwether::http
