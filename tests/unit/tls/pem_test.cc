#include "tls/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace bellwether::tls {
namespace {

using testing::HasSubstr;

// Two certificates with their keys, made once.
class PemTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    char pattern[] = "/tmp/bellwether-pem-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    const std::string folder = pattern;
    for (const std::string name : {"a", "b"}) {
      const std::string make =
          "cd " + folder + " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 " +
          "-subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".pem 2>/dev/null";
      ASSERT_EQ(std::system(make.c_str()), 0);
    }
    cert_ = Contents(folder + "/a.pem");
    key_ = Contents(folder + "/a.key");
    other_cert_ = Contents(folder + "/b.pem");
    ASSERT_EQ(std::system(("rm -r " + folder).c_str()), 0);
  }
  static std::string Contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  inline static std::string cert_, key_, other_cert_;
};

TEST_F(PemTest, TakesOneCertificateOrABundleWithItsKey) {
  EXPECT_TRUE(CheckCertificates("f", cert_).ok());
  EXPECT_TRUE(CheckCertificates("f", "# a comment\n" + cert_ + "\n" + other_cert_).ok());
  EXPECT_TRUE(CheckKey("k", key_, cert_ + other_cert_).ok());
}

TEST_F(PemTest, NamesTheFileThatIsCutOff) {
  for (const size_t size : {size_t{0}, size_t{20}, cert_.size() / 2, cert_.size() - 10}) {
    const Status status = CheckCertificates("ca.pem", cert_.substr(0, size));
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_EQ(status.error().code, Code::kInvalid);
    EXPECT_THAT(status.error().message, HasSubstr("ca.pem"));
  }
  const Status second = CheckCertificates("ca.pem", cert_ + other_cert_.substr(0, 300));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("certificate 2"));
  EXPECT_FALSE(CheckKey("k", key_.substr(0, 300), cert_).ok());
}

TEST_F(PemTest, AKeyOfAnotherCertificateIsRefused) {
  const Status status = CheckKey("tls.key", key_, other_cert_);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("tls.key"));
  EXPECT_THAT(status.error().message, HasSubstr("does not belong"));
}

}  // namespace
}  // namespace bellwether::tls
