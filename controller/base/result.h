// Result<T>: a value or an Error. An Error answers the caller's real question: may it have
// happened?
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/time.h"

namespace bellwether {

enum class Code {
  kInvalid,  // the input is wrong; asking again will not help
  kNotFound,
  kConflict,     // somebody else was first, or the state does not allow it
  kPermission,   // credentials missing, wrong or not enough
  kUnavailable,  // nobody answered, or no quorum; may work later
  kDeadline,     // no answer in time
  kNoSpace,      // etcd's quota is used up (NOSPACE): reads, deletes and keepalives still work
  kCompacted,    // the revision asked for is gone
  kTooLarge,     // the answer is larger than we take; ask for less
  kCancelled,    // we gave up ourselves
  kInternal,     // an answer that makes no sense
};

const char* CodeName(Code code);

// kUnknown: the server may have applied it; read before you retry.
enum class Effect { kNone, kUnknown };

struct Error {
  Code code = Code::kInternal;
  Effect effect = Effect::kNone;
  std::string message;  // what failed, where, why, what to do next; for people
  std::optional<Milliseconds> retry_after = std::nullopt;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    BW_CHECK(ok());
    return std::get<0>(state_);
  }
  T& value() & {
    BW_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    BW_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const {
    BW_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
using Status = Result<Unit>;
inline Status Ok() { return Unit{}; }

}  // namespace bellwether
