// A fingerprint of values: FNV-1a, 64 bits. The same in every process and release, which std::hash
// does not promise. Who makes values of his own collide deceives nobody but himself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bellwether {

class Fingerprint {
 public:
  void Add(std::string_view bytes) {
    for (const char c : bytes) AddByte(static_cast<unsigned char>(c));
    // The length keeps "ab","c" apart from "a","bc".
    for (size_t length = bytes.size(), i = 0; i < sizeof length; ++i, length >>= 8) {
      AddByte(static_cast<unsigned char>(length & 0xff));
    }
  }
  void Add(bool flag) { AddByte(flag ? 1 : 0); }
  uint64_t value() const { return value_; }

 private:
  void AddByte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace bellwether
