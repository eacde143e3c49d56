// SPDX-License-Identifier: MIT
// UniqueFd closes exactly once, whatever is done to it.
#include "core/unique_fd.hpp"

#include "memfd.hpp"

#include <gtest/gtest.h>

namespace zc {
namespace {

bool isOpen(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFdTest, ClosesAtTheEndOfItsLife)
{
    const int before = test::openFdCount();
    ASSERT_GE(before, 0);
    int raw = -1;
    {
        const UniqueFd fd = test::makeMemfd(1);
        ASSERT_TRUE(fd.valid());
        raw = fd.get();
        EXPECT_TRUE(isOpen(raw));
        EXPECT_EQ(test::openFdCount(), before + 1);
    }
    EXPECT_FALSE(isOpen(raw));
    EXPECT_EQ(test::openFdCount(), before);
}

TEST(UniqueFdTest, MoveLeavesNothingBehind)
{
    UniqueFd a = test::makeMemfd(1);
    const int raw = a.get();
    UniqueFd b(std::move(a));
    EXPECT_EQ(b.get(), raw);
    EXPECT_FALSE(a.valid()); // NOLINT(bugprone-use-after-move): that is the subject
    UniqueFd c = test::makeMemfd(1);
    const int replaced = c.get();
    c = std::move(b);
    EXPECT_EQ(c.get(), raw);
    EXPECT_FALSE(isOpen(replaced));
    EXPECT_TRUE(isOpen(raw));
}

TEST(UniqueFdTest, MoveToItselfKeepsIt)
{
    UniqueFd fd = test::makeMemfd(1);
    const int raw = fd.get();
    UniqueFd &same = fd;
    fd = std::move(same);
    EXPECT_EQ(fd.get(), raw);
    EXPECT_TRUE(isOpen(raw));
}

TEST(UniqueFdTest, ReleaseHandsItOver)
{
    UniqueFd fd = test::makeMemfd(1);
    const int raw = fd.release();
    EXPECT_FALSE(fd.valid());
    fd.reset();
    EXPECT_TRUE(isOpen(raw));
    close(raw);
}

TEST(UniqueFdTest, DuplicateIsSeparateAndClosedOnExec)
{
    UniqueFd fd = test::makeMemfd(1);
    const UniqueFd copy = UniqueFd::duplicate(fd.get());
    ASSERT_TRUE(copy.valid());
    EXPECT_NE(copy.get(), fd.get());
    EXPECT_EQ(fcntl(copy.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    fd.reset();
    EXPECT_TRUE(isOpen(copy.get()));
}

TEST(UniqueFdTest, DuplicateOfNothingIsInvalid)
{
    EXPECT_FALSE(UniqueFd::duplicate(-1).valid());
    const int closed = test::makeMemfd(1).get(); // closed with the temporary
    EXPECT_FALSE(UniqueFd::duplicate(closed).valid());
}

} // namespace
} // namespace zc
