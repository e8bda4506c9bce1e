#include "etcd/errors.h"

namespace bellwether::etcd {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// By etcd's words where gRPC's code alone does not tell (rpctypes/error.go of etcd 3.4 to 3.7).
Code CodeOf(const RpcStatus& status) {
  const std::string_view words = status.message;
  if (Contains(words, "database space exceeded")) return Code::kNoSpace;
  if (Contains(words, "required revision has been compacted")) return Code::kCompacted;
  if (Contains(words, "requested lease not found")) return Code::kNotFound;
  if (Contains(words, "lease already exists")) return Code::kConflict;
  // gRPC's words, of this client; etcd's ErrNoSpace has the same code.
  if (Contains(words, "eceived message larger than max")) return Code::kTooLarge;
  switch (status.code) {
    case RpcCode::kOk:
      return Code::kInternal;
    case RpcCode::kCancelled:
      return Code::kCancelled;
    case RpcCode::kDeadlineExceeded:
      return Code::kDeadline;
    case RpcCode::kInvalidArgument:
    case RpcCode::kOutOfRange:
    case RpcCode::kFailedPrecondition:
      // A wrong user name or password comes as InvalidArgument.
      return Contains(words, "authentication failed") || Contains(words, "user name is empty")
                 ? Code::kPermission
                 : Code::kInvalid;
    case RpcCode::kNotFound:
      return Code::kNotFound;
    case RpcCode::kAlreadyExists:
      return Code::kConflict;
    case RpcCode::kPermissionDenied:
    case RpcCode::kUnauthenticated:
      return Code::kPermission;
    case RpcCode::kUnavailable:
    case RpcCode::kAborted:
    case RpcCode::kResourceExhausted:
      return Code::kUnavailable;
    case RpcCode::kUnknown:
    case RpcCode::kUnimplemented:
    case RpcCode::kInternal:
    case RpcCode::kDataLoss:
      return Code::kInternal;
  }
  return Code::kInternal;
}

// A refusal that etcd decides before it applies anything. ErrNoSpace is not among them: the quota
// check of the apply path may report it after applying.
bool SurelyRefused(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kPermission:
    case Code::kCompacted:
      return true;
    default:
      return false;
  }
}

// These come before anything is proposed to raft.
bool RefusedBeforehand(std::string_view words) {
  return Contains(words, "too many requests") || Contains(words, "not supported for learner");
}

std::string_view WhatToDo(Code code) {
  switch (code) {
    case Code::kNoSpace:
      return "; compact and defragment etcd, then disarm its NOSPACE alarm";
    case Code::kPermission:
      return "; check user, password and the role's permissions";
    default:
      return "";
  }
}

}  // namespace

Error ToError(std::string_view method, std::string_view endpoint, const RpcStatus& status,
              bool writes) {
  const Code code = CodeOf(status);
  const bool unknown =
      writes && !status.never_sent && !SurelyRefused(code) && !RefusedBeforehand(status.message);
  const std::string_view call = method.substr(method.rfind('/') + 1);
  Error error{.code = code, .effect = unknown ? Effect::kUnknown : Effect::kNone, .message = {}};
  error.message.append("etcd ").append(call).append(" on ").append(endpoint).append(": ");
  error.message.append(status.message.empty() ? std::string_view(CodeName(code)) : status.message);
  if (unknown) error.message.append(" (it may have been applied)");
  error.message.append(WhatToDo(code));
  return error;
}

bool AsksForNewToken(std::string_view words) {
  return Contains(words, "invalid auth token") || Contains(words, "revision in header is old") ||
         Contains(words, "revision of auth store is old") || Contains(words, "user name is empty");
}

bool AsksForNewToken(const RpcStatus& status) {
  return !status.ok() && AsksForNewToken(std::string_view(status.message));
}

bool AnotherEndpointMayHelp(const RpcStatus& status) {
  if (CodeOf(status) == Code::kTooLarge) return false;
  switch (status.code) {
    case RpcCode::kUnavailable:
    case RpcCode::kDeadlineExceeded:
    case RpcCode::kResourceExhausted:
    case RpcCode::kCancelled:
    case RpcCode::kInternal:
    case RpcCode::kUnimplemented:
    case RpcCode::kDataLoss:
      return true;
    default:
      return RefusedBeforehand(status.message);
  }
}

}  // namespace bellwether::etcd
