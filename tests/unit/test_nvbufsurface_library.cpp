// SPDX-License-Identifier: MIT
// The search for libnvbufsurface, in processes that have none, one or two, and what can be done without it.
#include "in_child.hpp"
#include "memory/nvbufsurface.hpp"
#include "memory/nvbufsurface_library.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace zc::nvbuf {
namespace {

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

bool isInstalled()
{
    // In a child: what was opened once may stay.
    return test::inChild([] {
               return std::string(dlopen("libnvbufsurface.so", RTLD_LAZY) != nullptr ? "yes" : "no");
           }).text == "yes";
}

// A batch of NV12, 16x8, in this process's memory.
struct Batch {
    std::vector<std::uint8_t> bytes;
    std::vector<ParamsNew> pictures;
    SurfaceNew surface{};

    explicit Batch(std::uint32_t count, MemType type = MemType::System) : bytes(count * 16 * 12), pictures(count)
    {
        surface.common = {0, count, count, 0, static_cast<std::int32_t>(type), &pictures[0].common};
        for (std::uint32_t i = 0; i < count; ++i) {
            Params &p = pictures[i].common;
            p.width = p.pitch = 16;
            p.height = 8;
            p.colorFormat = 6;
            p.dataSize = 16 * 12;
            p.dataPtr = bytes.data() + i * 16 * 12;
            p.planes.count = 2;
            p.planes.width[0] = p.planes.pitch[0] = p.planes.pitch[1] = 16;
            p.planes.width[1] = p.planes.height[0] = 8;
            p.planes.height[1] = 4;
            p.planes.offset[1] = 16 * 8;
        }
    }
};

const Expected kNv12{Format::Nv12, {}, {}};

class NoLibrary : public testing::Test {
protected:
    void SetUp() override
    {
        if (isInstalled())
            GTEST_SKIP() << "libnvbufsurface is installed here";
    }
};

TEST_F(NoLibrary, SaysWhereItWasLookedFor)
{
    const auto found = library();
    EXPECT_EQ(found.status().code(), Code::NotFound);
    EXPECT_TRUE(contains(found.status().message(), "libnvbufsurface.so was not found")) << found.status().message();
    EXPECT_TRUE(contains(found.status().message(), "LD_LIBRARY_PATH"));
}

TEST_F(NoLibrary, OnePictureWithAnAddressNeedsNone)
{
    Batch batch(1);
    SurfaceImport import(SurfaceSite{.onCpu = true});
    const auto frames = import.open(&batch.surface, sizeof batch.surface, kNv12, Access::ReadWrite);
    ASSERT_TRUE(frames.ok()) << frames.status().message();
    ASSERT_EQ(frames.value().size(), 1U);
    const Frame &frame = frames.value()[0];
    EXPECT_EQ(frame.planes[0].data, batch.bytes.data());
    EXPECT_EQ(frame.planes[1].data, batch.bytes.data() + 16 * 8);
    EXPECT_EQ(frame.device, -1);
    EXPECT_TRUE(import.madeSomething());
    EXPECT_TRUE(import.close().ok());
    EXPECT_TRUE(import.open(&batch.surface, sizeof batch.surface, kNv12, Access::ReadWrite).ok());
    EXPECT_FALSE(import.madeSomething()) << "the address was found to be good before";
}

TEST_F(NoLibrary, TheRestDoes)
{
    Batch batch(2), array(1, MemType::SurfaceArray);
    SurfaceImport import(SurfaceSite{.onCpu = true}), other(SurfaceSite{.onCpu = true});
    const Status two = import.open(&batch.surface, sizeof batch.surface, kNv12, Access::Read).status();
    EXPECT_EQ(two.code(), Code::NotFound);
    EXPECT_TRUE(contains(two.message(), "batch holds 2 pictures")) << two.message();
    const Status one = other.open(&array.surface, sizeof array.surface, kNv12, Access::Read).status();
    EXPECT_EQ(one.code(), Code::NotFound);
    EXPECT_TRUE(contains(one.message(), "nvbuf-mem-surface-array")) << one.message();
    EXPECT_TRUE(contains(one.message(), "not found")) << one.message();
}

TEST(SystemMemory, MustBeThere)
{
    Batch batch(1);
    SurfaceImport import(SurfaceSite{.onCpu = true});
    batch.pictures[0].common.dataPtr = reinterpret_cast<void *>(4096);
    const Status wild = import.open(&batch.surface, sizeof batch.surface, kNv12, Access::ReadWrite).status();
    EXPECT_EQ(wild.code(), Code::Access) << wild.message();
    batch.pictures[0].common.dataPtr = nullptr;
    const Status none = import.open(&batch.surface, sizeof batch.surface, kNv12, Access::ReadWrite).status();
    EXPECT_EQ(none.code(), Code::BadLayout) << none.message();
    EXPECT_TRUE(contains(none.message(), "dataPtr is null")) << none.message();
}

// Each alone in a process of its own, since a library stays.
std::string tell(const Result<const Library *> &found)
{
    if (!found.ok())
        return found.status().message();
    return (found.value()->abi == Abi::New ? "new " : "old ") + found.value()->path;
}

TEST(LoadedLibrary, IsFoundAndItsLayoutTold)
{
    for (const char *path : {ZC_NVBUF_OLD, ZC_NVBUF_NEW}) {
        const std::string said =
            test::inChild([path]() -> std::string {
                return dlopen(path, RTLD_NOW | RTLD_LOCAL) != nullptr ? tell(library()) : std::string(dlerror());
            }).text;
        EXPECT_EQ(said, std::string(path == std::string(ZC_NVBUF_OLD) ? "old " : "new ") + path);
    }
}

TEST(LoadedLibrary, TwoCopiesAreRefused)
{
    const std::string said = test::inChild([]() -> std::string {
                                 if (dlopen(ZC_NVBUF_OLD, RTLD_NOW | RTLD_LOCAL) == nullptr || !library().ok())
                                     return std::string("the first is not taken");
                                 if (dlopen(ZC_NVBUF_NEW, RTLD_NOW | RTLD_LOCAL) == nullptr)
                                     return std::string(dlerror());
                                 return tell(library());
                             }).text;
    EXPECT_TRUE(contains(said, "two copies of libnvbufsurface")) << said;
    EXPECT_TRUE(contains(said, ZC_NVBUF_OLD) && contains(said, ZC_NVBUF_NEW)) << said;
}

TEST(LoadedLibrary, OneThatComesLateIsFound)
{
    const std::string said =
        test::inChild([]() -> std::string {
            if (library().ok())
                return std::string("installed");
            return dlopen(ZC_NVBUF_NEW, RTLD_NOW | RTLD_LOCAL) != nullptr ? tell(library()) : std::string(dlerror());
        }).text;
    if (said == "installed")
        GTEST_SKIP() << "libnvbufsurface is installed here";
    EXPECT_EQ(said, std::string("new ") + ZC_NVBUF_NEW);
}

} // namespace
} // namespace zc::nvbuf
