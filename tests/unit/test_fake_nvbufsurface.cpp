// SPDX-License-Identifier: MIT
// The stand-in libnvbufsurface itself: it must keep the contract and notice who does not. Run once per ABI.
#include "abi.hpp"
#include "fake_nvbufsurface.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace {

using namespace zc::fake_nvbuf;

extern "C" {
int NvBufSurfaceCreate(void **surface, std::uint32_t batchSize, const void *params);
int NvBufSurfaceDestroy(void *surface);
int NvBufSurfaceMap(void *surface, int index, int plane, int flags);
int NvBufSurfaceUnMap(void *surface, int index, int plane);
int NvBufSurfaceSyncForCpu(void *surface, int index, int plane);
int NvBufSurfaceSyncForDevice(void *surface, int index, int plane);
int NvBufSurfaceCopy(void *from, void *to);
int NvBufSurfaceMemSet(void *surface, int index, int plane, std::uint8_t value);
int NvBufSurfaceFromFd(int fd, void **surface);
int NvBufSurfaceMapEglImage(void *surface, int index);
int NvBufSurfaceUnMapEglImage(void *surface, int index);
}

bool isNew()
{
    return zc_nvbuf_abi() == 72;
}

template <class F> F optional(const char *name)
{
    return reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

class FakeNvbuf : public testing::Test {
protected:
    FakeNvbuf() { zc_nvbuf_reset(); }
    ~FakeNvbuf() override
    {
        EXPECT_EQ(misuse(), "");
        EXPECT_EQ(zc_nvbuf_live(nullptr), 0u) << zc_nvbuf_live_text();
    }
    // What was misused since the last question.
    std::string misuse()
    {
        const std::string all = zc_nvbuf_misuse();
        const std::string text = all.substr(told_);
        told_ = all.size();
        return text;
    }
    Batch make(int memType, int format = 6, std::uint32_t batchSize = 1, int layout = kLayoutPitch,
               bool contiguous = false)
    {
        NewCreateParams wanted{};
        wanted.common = {0, 64, 48, 0, contiguous, format, layout, memType};
        void *surface = nullptr;
        EXPECT_EQ(NvBufSurfaceCreate(&surface, batchSize, &wanted), 0);
        return {surface, isNew()};
    }
    int fails(int memType, int format = 6, std::uint32_t batchSize = 1)
    {
        NewCreateParams wanted{};
        wanted.common = {0, 64, 48, 0, false, format, 0, memType};
        void *surface = nullptr;
        return NvBufSurfaceCreate(&surface, batchSize, &wanted);
    }

private:
    std::size_t told_ = 0;
};

#define EXPECT_MISUSE(text) EXPECT_NE(misuse().find(text), std::string::npos) << zc_nvbuf_misuse()

TEST_F(FakeNvbuf, IsOfTheAbiThatWasAskedFor)
{
    const char *wanted = std::getenv("EXPECTED_ABI");
    if (wanted == nullptr)
        GTEST_SKIP() << "EXPECTED_ABI is not set";
    EXPECT_STREQ(wanted, isNew() ? "new" : "old");
}

TEST_F(FakeNvbuf, DescribesItsSurfaces)
{
    const Batch batch = make(kMemCudaDevice, 33, 3);
    EXPECT_EQ(batch.head().batchSize, 3u);
    EXPECT_EQ(batch.head().numFilled, 0u);
    EXPECT_EQ(batch.head().memType, kMemCudaDevice);
    for (std::uint32_t i = 0; i < 3; ++i) {
        const Params &p = batch[i];
        EXPECT_EQ(p.width, 64u);
        EXPECT_EQ(p.height, 48u);
        EXPECT_EQ(p.pitch, 512u);
        EXPECT_EQ(p.colorFormat, 33);
        EXPECT_EQ(p.dataSize, 512u * 72);
        EXPECT_EQ(p.planes.numPlanes, 2u);
        EXPECT_EQ(p.planes.width[1], 32u);
        EXPECT_EQ(p.planes.height[1], 24u);
        EXPECT_EQ(p.planes.offset[1], 512u * 48);
        EXPECT_EQ(p.planes.bytesPerPix[1], 2u);
        EXPECT_EQ(p.eglImage, nullptr);
        std::memset(p.dataPtr, static_cast<int>(i), p.dataSize);
    }
    std::size_t pitch = 0;
    EXPECT_EQ(zc_nvbuf_plane(&batch.head(), 2, 1, &pitch)[0], 2);
    EXPECT_EQ(pitch, 512u);
    EXPECT_EQ(zc_nvbuf_plane(&batch.head(), 3, 0, &pitch), nullptr);
    EXPECT_EQ(zc_nvbuf_live("surface"), 1u);
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

TEST_F(FakeNvbuf, RefusesWhatCannotBe)
{
    EXPECT_EQ(fails(9), -1);
    EXPECT_EQ(fails(-1), -1);
    EXPECT_EQ(fails(kMemCudaDevice, 500), -1);
    EXPECT_EQ(fails(kMemCudaDevice, 6, 0), -1);
    ASSERT_EQ(zc_nvbuf_set_platform("dgpu"), 0);
    EXPECT_EQ(fails(kMemSurfaceArray), -1);
    const Batch batch = make(kMemDefault);
    EXPECT_EQ(batch.head().memType, kMemCudaDevice);
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
    EXPECT_EQ(zc_nvbuf_set_platform("vax"), -1);
}

TEST_F(FakeNvbuf, OneAllocationForABatch)
{
    const Batch batch = make(kMemSystem, 19, 2, kLayoutPitch, true);
    EXPECT_TRUE(batch.head().isContiguous);
    EXPECT_EQ(static_cast<unsigned char *>(batch[1].dataPtr),
              static_cast<unsigned char *>(batch[0].dataPtr) + batch[0].dataSize);
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

TEST_F(FakeNvbuf, ArrayIsAFileThatOthersFind)
{
    const Batch batch = make(kMemSurfaceArray);
    const int fd = static_cast<int>(batch[0].bufferDesc);
    EXPECT_GE(fcntl(fd, F_GETFD), 0);
    void *found = nullptr;
    EXPECT_EQ(NvBufSurfaceFromFd(fd, &found), 0);
    EXPECT_EQ(found, &batch.head());
    EXPECT_EQ(NvBufSurfaceFromFd(fd + 100, &found), -1);
    EXPECT_EQ(zc_nvbuf_live("fd"), 1u);
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST_F(FakeNvbuf, NoticesAStolenDescriptor)
{
    const Batch batch = make(kMemSurfaceArray);
    close(static_cast<int>(batch[0].bufferDesc));
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
    EXPECT_MISUSE("closed its file descriptor");
}

TEST_F(FakeNvbuf, CpuSeesAnArrayOnlyInSync)
{
    const Batch batch = make(kMemSurfaceArray);
    void *s = &batch.head();
    std::size_t pitch = 0;
    unsigned char *truth = zc_nvbuf_plane(s, 0, 0, &pitch);
    truth[3] = 77;
    ASSERT_EQ(NvBufSurfaceMap(s, 0, 0, kMapReadWrite), 0);
    auto *seen = static_cast<unsigned char *>(batch[0].mappedAddr[0]);
    EXPECT_EQ(seen[3], 0xcd);
    EXPECT_EQ(NvBufSurfaceSyncForCpu(s, 0, 0), 0);
    EXPECT_EQ(seen[3], 77);
    seen[3] = 78;
    EXPECT_EQ(truth[3], 77);
    EXPECT_EQ(zc_nvbuf_check_synced(s), -1);
    EXPECT_MISUSE("what the CPU wrote unsynced");
    EXPECT_EQ(NvBufSurfaceSyncForDevice(s, 0, 0), 0);
    EXPECT_EQ(truth[3], 78);
    EXPECT_EQ(zc_nvbuf_check_synced(s), 0);
    EXPECT_EQ(NvBufSurfaceUnMap(s, 0, 0), 0);
    EXPECT_EQ(batch[0].mappedAddr[0], nullptr);
    EXPECT_EQ(NvBufSurfaceDestroy(s), 0);
}

// Who was told that a sync failed has done what can be done.
TEST_F(FakeNvbuf, FailedSyncIsNobodysFault)
{
    const Batch batch = make(kMemSurfaceArray);
    void *s = &batch.head();
    ASSERT_EQ(NvBufSurfaceMap(s, 0, 0, kMapReadWrite), 0);
    static_cast<unsigned char *>(batch[0].mappedAddr[0])[3] = 78;
    zc_nvbuf_fail("NvBufSurfaceSyncForDevice", 1);
    EXPECT_EQ(NvBufSurfaceSyncForDevice(s, 0, 0), -1);
    std::size_t pitch = 0;
    EXPECT_EQ(zc_nvbuf_plane(s, 0, 0, &pitch)[3], 0);
    EXPECT_EQ(NvBufSurfaceUnMap(s, 0, 0), 0);
    EXPECT_EQ(NvBufSurfaceDestroy(s), 0);
}

TEST_F(FakeNvbuf, SyncOfAllPlanesReachesTheFirstOnly)
{
    const Batch batch = make(kMemSurfaceArray);
    void *s = &batch.head();
    std::size_t pitch = 0;
    ASSERT_EQ(NvBufSurfaceMap(s, 0, -1, kMapReadWrite), 0);
    EXPECT_EQ(zc_nvbuf_live("map"), 2u);
    std::memset(batch[0].mappedAddr[0], 1, 16);
    std::memset(batch[0].mappedAddr[1], 1, 16);
    EXPECT_EQ(NvBufSurfaceSyncForDevice(s, 0, -1), 0);
    EXPECT_EQ(zc_nvbuf_plane(s, 0, 0, &pitch)[0], 1);
    EXPECT_EQ(zc_nvbuf_plane(s, 0, 1, &pitch)[0], 0);
    EXPECT_EQ(NvBufSurfaceUnMap(s, 0, -1), 0);
    EXPECT_MISUSE("plane 1 of surface 0");
    EXPECT_EQ(NvBufSurfaceDestroy(s), 0);
}

TEST_F(FakeNvbuf, NoticesDisorder)
{
    const Batch batch = make(kMemSurfaceArray);
    void *s = &batch.head();
    EXPECT_EQ(NvBufSurfaceUnMap(s, 0, 0), -1);
    EXPECT_MISUSE("is not mapped");
    EXPECT_EQ(NvBufSurfaceSyncForCpu(s, 0, 1), -1);
    EXPECT_MISUSE("is not mapped");
    ASSERT_EQ(NvBufSurfaceMap(s, 0, 0, kMapRead), 0);
    EXPECT_EQ(NvBufSurfaceMap(s, 0, 0, kMapRead), -1);
    EXPECT_MISUSE("is mapped already");
    EXPECT_EQ(NvBufSurfaceUnMapEglImage(s, 0), -1);
    EXPECT_MISUSE("is not mapped");
    ASSERT_EQ(NvBufSurfaceMapEglImage(s, 0), 0);
    EXPECT_NE(batch[0].eglImage, nullptr);
    EXPECT_EQ(NvBufSurfaceMapEglImage(s, 0), -1);
    EXPECT_MISUSE("mapped already");
    EXPECT_EQ(NvBufSurfaceMap(s, 4, 0, kMapRead), -1);
    EXPECT_EQ(NvBufSurfaceMap(s, 0, 5, kMapRead), -1);
    EXPECT_EQ(NvBufSurfaceMap(s, 0, 0, 3), -1);
    batch[0].height = 1;
    EXPECT_EQ(NvBufSurfaceDestroy(s), 0);
    const std::string text = misuse();
    EXPECT_NE(text.find("plane 0 of surface 0 mapped the EGLImage of surface 0 mapped"), std::string::npos) << text;
    EXPECT_NE(text.find("changed its description"), std::string::npos) << text;
    EXPECT_EQ(NvBufSurfaceDestroy(s), -1);
    EXPECT_MISUSE("was destroyed before");
}

TEST_F(FakeNvbuf, MapsOnlyWhatTheHeaderAllows)
{
    for (const int memType : {kMemCudaPinned, kMemCudaDevice, kMemSystem}) {
        const Batch batch = make(memType);
        EXPECT_EQ(NvBufSurfaceMap(&batch.head(), 0, 0, kMapRead), -1) << memType;
        EXPECT_EQ(NvBufSurfaceMapEglImage(&batch.head(), 0), -1) << memType;
        EXPECT_EQ(NvBufSurfaceSyncForCpu(&batch.head(), 0, 0), -1) << memType;
        EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
    }
    const Batch unified = make(kMemCudaUnified);
    ASSERT_EQ(NvBufSurfaceMap(&unified.head(), 0, 1, kMapReadWrite), 0);
    EXPECT_EQ(unified[0].mappedAddr[1], static_cast<unsigned char *>(unified[0].dataPtr) + unified[0].planes.offset[1]);
    EXPECT_EQ(NvBufSurfaceUnMap(&unified.head(), 0, 1), 0);
    EXPECT_EQ(NvBufSurfaceDestroy(&unified.head()), 0);
}

TEST_F(FakeNvbuf, BlockLinearIsNoPictureToTheCpu)
{
    const Batch batch = make(kMemSurfaceArray, 6, 1, kLayoutBlockLinear);
    void *s = &batch.head();
    std::size_t pitch = 0;
    std::memset(zc_nvbuf_plane(s, 0, 0, &pitch), 5, 64);
    ASSERT_EQ(NvBufSurfaceMap(s, 0, 0, kMapReadWrite), 0);
    ASSERT_EQ(NvBufSurfaceSyncForCpu(s, 0, 0), 0);
    auto *seen = static_cast<unsigned char *>(batch[0].mappedAddr[0]);
    EXPECT_EQ(seen[0], 0xb1);
    seen[0] = 9;
    EXPECT_EQ(NvBufSurfaceSyncForDevice(s, 0, 0), 0);
    EXPECT_EQ(zc_nvbuf_plane(s, 0, 0, &pitch)[0], 5);
    EXPECT_EQ(NvBufSurfaceUnMap(s, 0, 0), 0);
    EXPECT_EQ(NvBufSurfaceDestroy(s), 0);
}

TEST_F(FakeNvbuf, CopiesPictures)
{
    const Batch from = make(kMemCudaDevice, 6, 2), to = make(kMemSurfaceArray, 6, 2), other = make(kMemSystem, 19, 2);
    from.head().numFilled = 2;
    EXPECT_EQ(NvBufSurfaceMemSet(&from.head(), 1, 1, 42), 0);
    EXPECT_EQ(NvBufSurfaceCopy(&from.head(), &to.head()), 0);
    std::size_t pitch = 0;
    EXPECT_EQ(zc_nvbuf_plane(&to.head(), 1, 1, &pitch)[0], 42);
    EXPECT_EQ(zc_nvbuf_plane(&to.head(), 0, 1, &pitch)[0], 0);
    EXPECT_EQ(NvBufSurfaceCopy(&from.head(), &other.head()), -1);
    for (const Batch &batch : {from, to, other})
        EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

TEST_F(FakeNvbuf, FailsOnDemandAndCounts)
{
    const Batch batch = make(kMemSurfaceArray);
    void *s = &batch.head();
    zc_nvbuf_fail("NvBufSurfaceMapEglImage", 2);
    EXPECT_EQ(NvBufSurfaceMapEglImage(s, 0), 0);
    EXPECT_EQ(NvBufSurfaceUnMapEglImage(s, 0), 0);
    zc_nvbuf_quiet(1);
    EXPECT_EQ(NvBufSurfaceMapEglImage(s, 0), 0);
    EXPECT_EQ(NvBufSurfaceUnMapEglImage(s, 0), 0);
    zc_nvbuf_quiet(0);
    EXPECT_EQ(NvBufSurfaceMapEglImage(s, 0), -1);
    EXPECT_EQ(batch[0].eglImage, nullptr);
    EXPECT_EQ(NvBufSurfaceMapEglImage(s, 0), 0);
    EXPECT_EQ(zc_nvbuf_failures(), 1u);
    EXPECT_EQ(zc_nvbuf_calls("NvBufSurfaceMapEglImage"), 3u);
    EXPECT_STREQ(zc_nvbuf_call_name(1), "NvBufSurfaceCreate");
    EXPECT_EQ(zc_nvbuf_calls_total(), 5u);
    zc_nvbuf_fail(nullptr, 1);
    EXPECT_EQ(NvBufSurfaceUnMapEglImage(s, 0), -1); // it is gone all the same
    EXPECT_EQ(zc_nvbuf_live("eglimage"), 0u);
    zc_nvbuf_fail("NvBufSurfaceDestroy", 1);
    EXPECT_EQ(NvBufSurfaceDestroy(s), -1);
    EXPECT_EQ(zc_nvbuf_live(nullptr), 0u);
}

void *makeImage(void *, unsigned index, void *data)
{
    *static_cast<int *>(data) += 1;
    return index == 0 ? data : nullptr;
}

void destroyImage(void *image, void *data)
{
    EXPECT_EQ(image, data);
    *static_cast<int *>(data) += 100;
}

TEST_F(FakeNvbuf, HandsOutEglImagesOfOthers)
{
    int count = 0;
    zc_nvbuf_set_egl(makeImage, destroyImage, &count);
    const Batch batch = make(kMemSurfaceArray, 6, 2);
    EXPECT_EQ(NvBufSurfaceMapEglImage(&batch.head(), 0), 0);
    EXPECT_EQ(batch[0].eglImage, &count);
    EXPECT_EQ(NvBufSurfaceMapEglImage(&batch.head(), 1), -1);
    EXPECT_EQ(NvBufSurfaceUnMapEglImage(&batch.head(), 0), 0);
    EXPECT_EQ(count, 102);
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

TEST_F(FakeNvbuf, OnlyTheNewAbiHasCudaBuffers)
{
    const auto map = optional<int (*)(void *, int)>("NvBufSurfaceMapCudaBuffer");
    const auto unmap = optional<int (*)(void *, int)>("NvBufSurfaceUnMapCudaBuffer");
    const auto ask = optional<int (*)(DeviceInfo *)>("NvBufSurfaceGetDeviceInfo");
    EXPECT_EQ(map != nullptr, isNew());
    EXPECT_EQ(ask != nullptr, isNew());
    EXPECT_EQ(zc_nvbuf_set_platform("rm"), isNew() ? 0 : -1);
    if (!isNew())
        return;
    DeviceInfo info{};
    EXPECT_EQ(ask(&info), 0);
    EXPECT_EQ(info.driverType, kDriverRm);
    const Batch hidden = make(kMemCudaDevice), array = make(kMemSurfaceArray);
    EXPECT_EQ(hidden[0].dataPtr, nullptr);
    EXPECT_NE(reinterpret_cast<NewParams &>(hidden[0]).cudaBuffer->dataPtr, nullptr);
    EXPECT_EQ(NvBufSurfaceMapEglImage(&array.head(), 0), -1);
    EXPECT_EQ(map(&array.head(), 0), 0);
    EXPECT_EQ(map(&array.head(), 0), -1);
    EXPECT_MISUSE("mapped already");
    std::size_t pitch = 0;
    EXPECT_EQ(reinterpret_cast<NewParams &>(array[0]).cudaPtr->dataPtr, zc_nvbuf_plane(&array.head(), 0, 0, &pitch));
    EXPECT_EQ(unmap(&array.head(), 0), 0);
    EXPECT_EQ(unmap(&array.head(), 0), -1);
    EXPECT_MISUSE("is not mapped");
    for (const Batch &batch : {hidden, array})
        EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

// The rows fill whole pages; the page behind them traps.
TEST_F(FakeNvbuf, TrapsBehindTheEnd)
{
    const Batch batch = make(kMemSystem, 19);
    unsigned char *end = static_cast<unsigned char *>(batch[0].dataPtr) + batch[0].dataSize;
    EXPECT_DEATH(*const_cast<volatile unsigned char *>(end) = 1, "");
    EXPECT_EQ(NvBufSurfaceDestroy(&batch.head()), 0);
}

} // namespace
