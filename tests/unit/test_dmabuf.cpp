// SPDX-License-Identifier: MIT
// Mappings and sync brackets over memfds, which answer ENOTTY where a dmabuf would work; real dmabufs are in tests/vm.
#include "core/dmabuf.hpp"

#include "memfd.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

namespace {

// A request that no driver knows, answered below: with `busyError` for `busyTimes`, then with `result`.
constexpr unsigned long kOwnRequest = _IOWR('z', 255, int);
int busyError = 0, busyTimes = 0, ownCalls = 0;
constexpr int kResult = 42;

} // namespace

// The program's own takes the C library's place in what is linked to it.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request != kOwnRequest)
        return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
    if (ownCalls++ >= busyTimes)
        return kResult;
    errno = busyError;
    return -1;
}

namespace zc {
namespace {

int retried(int error, int times)
{
    busyError = error;
    busyTimes = times;
    ownCalls = 0;
    return ioctlWithRetry(-1, kOwnRequest, nullptr);
}

TEST(IoctlTest, IsTriedAgainButNotForEver)
{
    EXPECT_EQ(retried(EINTR, 0), kResult);
    EXPECT_EQ(ownCalls, 1);
    for (const int error : {EINTR, EAGAIN}) {
        EXPECT_EQ(retried(error, 5), kResult) << error;
        EXPECT_EQ(ownCalls, 6) << error;
        EXPECT_EQ(retried(error, 1000000), -1) << error;
        EXPECT_EQ(errno, error);
        EXPECT_EQ(ownCalls, 1000) << error;
    }
    EXPECT_EQ(retried(EINVAL, 5), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(ownCalls, 1) << "what is no mere delay";
}

void expectWords(const Status &status, const std::vector<std::string> &words)
{
    for (const std::string &word : words)
        EXPECT_NE(status.message().find(word), std::string::npos) << word << " is not in: " << status.message();
}

class DmabufTest : public testing::Test {
protected:
    void SetUp() override { before_ = test::openFdCount(); }
    void TearDown() override { EXPECT_EQ(test::openFdCount(), before_) << "a descriptor leaked"; }

private:
    int before_ = 0;
};

TEST_F(DmabufTest, WritesReachTheFile)
{
    const UniqueFd fd = test::makeMemfd(8192);
    Result<DmabufMapping> mapping = DmabufMapping::map(fd.get(), 5000, Access::ReadWrite);
    ASSERT_TRUE(mapping.ok()) << mapping.status().message();
    EXPECT_EQ(mapping->size(), 8192u);
    EXPECT_NE(mapping->fd(), fd.get());
    std::memcpy(mapping->data() + 4990, "zero copy", 9);
    char read[9] = {};
    ASSERT_EQ(pread(fd.get(), read, sizeof read, 4990), 9);
    EXPECT_EQ(std::memcmp(read, "zero copy", 9), 0);
}

TEST_F(DmabufTest, OutlivesTheCallersDescriptor)
{
    UniqueFd fd = test::makeMemfd(4096);
    Result<DmabufMapping> mapping = DmabufMapping::map(fd.get(), 4096, Access::ReadWrite);
    ASSERT_TRUE(mapping.ok());
    fd.reset();
    mapping->data()[4095] = 7;
    EXPECT_EQ(fdSize(mapping->fd()), 4096u);
}

TEST_F(DmabufTest, MemfdNeedsNoBrackets)
{
    const UniqueFd fd = test::makeMemfd(4096);
    Result<DmabufMapping> mapping = DmabufMapping::map(fd.get(), 4096, Access::ReadWrite);
    ASSERT_TRUE(mapping.ok());
    EXPECT_FALSE(mapping->needsSync());
    Result<DmabufSync> sync = DmabufSync::begin(mapping.value(), Access::ReadWrite);
    ASSERT_TRUE(sync.ok()) << sync.status().message();
    EXPECT_TRUE(sync->end().ok());
    EXPECT_TRUE(sync->end().ok()) << "a second end does nothing";
}

TEST_F(DmabufTest, MovesKeepOneMapping)
{
    const UniqueFd fd = test::makeMemfd(4096);
    Result<DmabufMapping> first = DmabufMapping::map(fd.get(), 4096, Access::ReadWrite);
    Result<DmabufMapping> second = DmabufMapping::map(fd.get(), 4096, Access::ReadWrite);
    ASSERT_TRUE(first.ok() && second.ok());
    std::uint8_t *address = first->data();
    DmabufMapping moved(std::move(first.value()));
    EXPECT_EQ(moved.data(), address);
    EXPECT_EQ(first->data(), nullptr);
    second.value() = std::move(moved);
    EXPECT_EQ(second->data(), address);
    DmabufMapping &same = second.value();
    second.value() = std::move(same);
    ASSERT_EQ(second->data(), address);
    second->data()[0] = 1;
    EXPECT_EQ(address[0], 1);
}

TEST_F(DmabufTest, TooSmallNamesBothSizes)
{
    const UniqueFd fd = test::makeMemfd(4096);
    const Result<DmabufMapping> mapping = DmabufMapping::map(fd.get(), 4097, Access::ReadWrite);
    ASSERT_FALSE(mapping.ok());
    EXPECT_EQ(mapping.status().code(), Code::BadLayout);
    expectWords(mapping.status(), {"4096", "4097"});
    EXPECT_EQ(DmabufMapping::map(fd.get(), SIZE_MAX, Access::Read).status().code(), Code::BadLayout);
}

TEST_F(DmabufTest, EmptyFileIsRefused)
{
    const UniqueFd fd = test::makeMemfd(0);
    EXPECT_EQ(DmabufMapping::map(fd.get(), 0, Access::Read).status().code(), Code::BadLayout);
}

TEST_F(DmabufTest, ReadOnlyDescriptorCannotBeWritten)
{
    const UniqueFd fd = test::makeMemfd(4096);
    const UniqueFd readOnly = test::reopenReadOnly(fd);
    ASSERT_TRUE(readOnly.valid());
    for (const Access access : {Access::Write, Access::ReadWrite}) {
        const Result<DmabufMapping> mapping = DmabufMapping::map(readOnly.get(), 4096, access);
        ASSERT_FALSE(mapping.ok());
        EXPECT_EQ(mapping.status().code(), Code::Access);
        expectWords(mapping.status(), {"fd " + std::to_string(readOnly.get()), "O_RDWR"});
    }
    EXPECT_TRUE(DmabufMapping::map(readOnly.get(), 4096, Access::Read).ok());
}

TEST_F(DmabufTest, SealedFileCannotBeWritten)
{
    const UniqueFd fd = test::makeMemfd(4096);
    ASSERT_EQ(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT_EQ(DmabufMapping::map(fd.get(), 4096, Access::ReadWrite).status().code(), Code::Access);
}

TEST_F(DmabufTest, WhatIsNoFileIsRefused)
{
    const int closed = test::makeMemfd(4096).get(); // closed with the temporary
    for (const int fd : {-1, -100, closed, 1 << 30}) {
        EXPECT_EQ(DmabufMapping::map(fd, 1, Access::ReadWrite).status().code(), Code::System) << fd;
        EXPECT_EQ(waitForFences(fd, Access::Read, 10).code(), Code::System) << fd;
        EXPECT_EQ(fdSize(fd), 0u);
        EXPECT_FALSE(fdIsReadWrite(fd));
        EXPECT_EQ(dmabufExporter(fd), "");
    }
}

TEST_F(DmabufTest, PipeIsRefused)
{
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const UniqueFd out(ends[0]);
    const UniqueFd in(ends[1]);
    EXPECT_EQ(fdSize(out.get()), 0u);
    EXPECT_EQ(DmabufMapping::map(out.get(), 1, Access::Read).status().code(), Code::BadLayout);
}

TEST_F(DmabufTest, SizeLeavesTheOffsetAlone)
{
    const UniqueFd fd = test::makeMemfd(4096);
    ASSERT_EQ(lseek(fd.get(), 123, SEEK_SET), 123);
    EXPECT_EQ(fdSize(fd.get()), 4096u);
    EXPECT_EQ(lseek(fd.get(), 0, SEEK_CUR), 123);
}

TEST_F(DmabufTest, MemfdHasNoFencesAndNoExporter)
{
    const UniqueFd fd = test::makeMemfd(4096);
    for (const Access access : {Access::Read, Access::Write, Access::ReadWrite}) {
        const Status status = waitForFences(fd.get(), access, 1000);
        EXPECT_TRUE(status.ok()) << status.message();
    }
    EXPECT_EQ(dmabufExporter(fd.get()), "");
    EXPECT_TRUE(fdIsReadWrite(fd.get()));
}

TEST_F(DmabufTest, RunningOutOfDescriptorsIsAnError)
{
    const UniqueFd fd = test::makeMemfd(4096);
    std::vector<UniqueFd> taken;
    for (UniqueFd next = UniqueFd::duplicate(fd.get()); next.valid() && taken.size() < 100000;
         next = UniqueFd::duplicate(fd.get()))
        taken.push_back(std::move(next));
    if (UniqueFd probe = UniqueFd::duplicate(fd.get()); probe.valid())
        GTEST_SKIP() << "the limit on descriptors is above 100000";
    const Result<DmabufMapping> mapping = DmabufMapping::map(fd.get(), 4096, Access::ReadWrite);
    taken.clear();
    ASSERT_FALSE(mapping.ok());
    EXPECT_EQ(mapping.status().code(), Code::System);
}

} // namespace
} // namespace zc
