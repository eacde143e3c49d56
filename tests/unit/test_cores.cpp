// SPDX-License-Identifier: MIT
// How many cores a process may use: its affinity mask, and the quota of its control group.
#include "backend/cores.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace zc {
namespace {

namespace fs = std::filesystem;

class Quota : public testing::Test {
protected:
    void SetUp() override
    {
        char name[] = "/tmp/cudazerocopy-cores-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        root_ = name;
    }
    void TearDown() override { fs::remove_all(root_); }

    void limit(const std::string &group, const std::string &text)
    {
        fs::create_directories(root_ + group);
        std::ofstream(root_ + group + "/cpu.max") << text << "\n";
    }
    int of(const std::string &membership) { return quotaCores(membership, root_); }

    std::string root_;
};

TEST_F(Quota, IsRoundedUpToCores)
{
    const struct {
        const char *text;
        int cores;
    } cases[] = {{"200000 100000", 2}, {"150000 100000", 2}, {"1000 100000", 1}, {"max 100000", 0}, {"", 0},
                 {"100000", 0},        {"0 0", 0},           {"x y", 0}};
    for (const auto &test : cases) {
        limit("/a", test.text);
        EXPECT_EQ(of("0::/a\n"), test.cores) << test.text;
    }
}

TEST_F(Quota, OfAParentHoldsToo)
{
    limit("/a/b/c", "800000 100000");
    limit("/a", "300000 100000");
    EXPECT_EQ(of("0::/a/b/c\n"), 3);
    limit("", "100000 100000");
    EXPECT_EQ(of("12:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/a/b/c\n"), 1);
    EXPECT_EQ(of("0::/\n"), 1) << "the root of a container";
}

TEST_F(Quota, IsNoneWhereThereIsNoGroup)
{
    EXPECT_EQ(of(""), 0);
    EXPECT_EQ(of("0::/missing\n"), 0);
    EXPECT_EQ(of("12:cpu:/x\n"), 0);
}

TEST(UsableCores, FollowTheAffinityMask)
{
    EXPECT_GE(usableCores(), 1);
    EXPECT_LE(usableCores(), static_cast<int>(std::thread::hardware_concurrency()));
    std::thread([] {
        cpu_set_t mask;
        ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
        int first = 0;
        while (!CPU_ISSET(first, &mask))
            ++first;
        CPU_ZERO(&mask);
        CPU_SET(first, &mask);
        ASSERT_EQ(sched_setaffinity(0, sizeof mask, &mask), 0);
        EXPECT_EQ(usableCores(), 1);
    }).join();
}

} // namespace
} // namespace zc
