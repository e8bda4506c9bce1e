#pragma once

#include <chrono>
#include <functional>

namespace bellwether::test {

// Waits, long if need be, until the condition holds; false when it never did.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::seconds within = std::chrono::seconds(60));

}  // namespace bellwether::test
