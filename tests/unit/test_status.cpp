// SPDX-License-Identifier: MIT
// Status and Result: what they say after success, failure and a move.
#include "core/status.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace zc {
namespace {

TEST(StatusTest, DefaultIsSuccess)
{
    const Status status;
    EXPECT_TRUE(status.ok());
    EXPECT_TRUE(static_cast<bool>(status));
    EXPECT_EQ(status.code(), Code::Ok);
    EXPECT_EQ(status.message(), "");
}

TEST(StatusTest, FailureKeepsCodeAndMessage)
{
    const Status status(Code::BadLayout, "plane 1");
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(static_cast<bool>(status));
    EXPECT_EQ(status.code(), Code::BadLayout);
    EXPECT_EQ(status.message(), "plane 1");
}

TEST(ResultTest, HoldsAValue)
{
    Result<std::string> result(std::string("abc"));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value(), "abc");
    EXPECT_EQ(result->size(), 3u);
    EXPECT_TRUE(result.status().ok());
}

TEST(ResultTest, HoldsAFailure)
{
    const Result<int> result(Status(Code::NotFound, "no such kernel"));
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), Code::NotFound);
    EXPECT_EQ(result.status().message(), "no such kernel");
}

TEST(ResultTest, TakesWhatCanOnlyBeMoved)
{
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    ASSERT_TRUE(result.ok());
    const std::unique_ptr<int> taken = std::move(result.value());
    EXPECT_EQ(*taken, 7);
}

} // namespace
} // namespace zc
