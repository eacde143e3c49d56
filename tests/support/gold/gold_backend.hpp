// SPDX-License-Identifier: MIT
// The gold code behind the Backend interface, so that the tests with literal numbers check it too.
#pragma once

#include "backend/backend.hpp"

#include <memory>

namespace zc::gold {

std::unique_ptr<Backend> makeGoldBackend();

} // namespace zc::gold
