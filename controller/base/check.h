// BW_CHECK: for what only a bug of ours can cause. On in release builds, because crashing is safe
// here (leases live on and another replica adopts them) and going on wrongly is not. Never use it
// on outside input: one odd key would take down every replica.
#pragma once

#include <cstdio>
#include <cstdlib>

#define BW_CHECK(condition)                                                                 \
  do {                                                                                      \
    if (!(condition)) [[unlikely]] {                                                        \
      std::fprintf(stderr, "%s:%d: internal error, check failed: %s\n", __FILE__, __LINE__, \
                   #condition);                                                             \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)
