// Compactions as they show in the size in use, for members that do not tell their compact revision.
#pragma once

namespace bellwether::growth {

// A size that moves less than this moves for other reasons: pages are freed and taken in every
// commit.
double NoticeableBytes(double in_use_bytes);

// Finds falls by more than NoticeableBytes, each told once however many readings it takes.
class InUseDrops {
 public:
  explicit InUseDrops(double in_use_bytes) : extreme_(in_use_bytes) {}
  // True when this reading makes the fall since the last high a noticeable one.
  bool Add(double in_use_bytes);
  // A fall has been told and the size has not risen since.
  bool falling() const { return falling_; }

 private:
  double extreme_;  // the high while rising, the low while falling
  bool falling_ = false;
};

}  // namespace bellwether::growth
