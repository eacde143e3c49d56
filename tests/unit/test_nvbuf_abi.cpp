// SPDX-License-Identifier: MIT
// The layouts of NvBufSurface and of DeepStream's metadata, described three times: by the plugin, by the test doubles,
// and by NVIDIA's headers where they are installed. No two may disagree.
#include "fake_nvbufsurface/abi.hpp"
#include "memory/nvbufsurface_abi.hpp"

#ifdef ZC_HAVE_NVBUFSURFACE_H
#include <nvbufsurface.h>
#endif

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace {

namespace fake = zc::fake_nvbuf;
namespace own = zc::nvbuf;

// Filled by one description and read by the other, so that no field may lie elsewhere.
TEST(NvbufAbi, PluginReadsWhatTheDoubleWrites)
{
    for (const bool newAbi : {false, true}) {
        const own::Abi abi = newAbi ? own::Abi::New : own::Abi::Old;
        fake::NewSurface head{};
        std::vector<fake::NewParams> room(4);
        head.common = {3, 4, 2, true, 2, room.data()};
        const fake::Batch batch(&head, newAbi);
        for (std::uint32_t i = 0; i < 4; ++i) {
            fake::Params &p = batch[i];
            p = {};
            p.width = 100 + i;
            p.height = 200 + i;
            p.pitch = 300 + i;
            p.colorFormat = 33;
            p.layout = 1;
            p.bufferDesc = 0xff27'0000'0000'0001;
            p.dataSize = 400 + i;
            p.dataPtr = &head;
            p.planes.numPlanes = 2;
            p.planes.width[1] = 50 + i;
            p.planes.height[1] = 60 + i;
            p.planes.pitch[1] = 70 + i;
            p.planes.offset[1] = 80 + i;
            p.planes.psize[1] = 90 + i;
            p.planes.bytesPerPix[1] = 2;
            p.mappedAddr[1] = &room;
            p.eglImage = &head;
        }
        const auto &surface = reinterpret_cast<const own::Surface &>(head);
        EXPECT_EQ(surface.gpuId, 3u);
        EXPECT_EQ(surface.batchSize, 4u);
        EXPECT_EQ(surface.numFilled, 2u);
        EXPECT_EQ(surface.memType, 2);
        EXPECT_EQ(own::surfaceBytes(abi), batch.bytes());
        EXPECT_EQ(own::pictureStride(abi), batch.stride());
        for (std::uint32_t i = 0; i < 4; ++i) {
            const own::Params &p = *own::pictureAt(surface, abi, i);
            EXPECT_EQ(p.width, 100 + i);
            EXPECT_EQ(p.height, 200 + i);
            EXPECT_EQ(p.pitch, 300 + i);
            EXPECT_EQ(p.colorFormat, 33);
            EXPECT_EQ(p.layout, 1);
            EXPECT_EQ(p.bufferDesc, 0xff27'0000'0000'0001u);
            EXPECT_EQ(p.dataSize, 400 + i);
            EXPECT_EQ(p.dataPtr, &head);
            EXPECT_EQ(p.planes.count, 2u);
            EXPECT_EQ(p.planes.width[1], 50 + i);
            EXPECT_EQ(p.planes.height[1], 60 + i);
            EXPECT_EQ(p.planes.pitch[1], 70 + i);
            EXPECT_EQ(p.planes.offset[1], 80 + i);
            EXPECT_EQ(p.planes.bytes[1], 90 + i);
            EXPECT_EQ(p.planes.bytesPerPixel[1], 2u);
            EXPECT_EQ(p.mapped[1], &room);
            EXPECT_EQ(p.eglImage, &head);
        }
    }
}

TEST(NvbufAbi, TailsAgree)
{
    static_assert(sizeof(own::ParamsOld) == sizeof(fake::OldParams) &&
                  sizeof(own::ParamsNew) == sizeof(fake::NewParams));
    static_assert(offsetof(own::ParamsOld, extended) == offsetof(fake::OldParams, paramex));
    static_assert(offsetof(own::ParamsNew, extended) == offsetof(fake::NewParams, paramex));
    static_assert(offsetof(own::ParamsNew, cudaMapped) == offsetof(fake::NewParams, cudaPtr));
    static_assert(offsetof(own::ParamsNew, cudaBuffer) == offsetof(fake::NewParams, cudaBuffer));
    static_assert(offsetof(own::CudaBuffer, data) == offsetof(fake::CudaBuffer, dataPtr));
    static_assert(sizeof(own::CreateParams) == sizeof(fake::NewCreateParams));
    static_assert(offsetof(own::DeviceInfo, driverType) == offsetof(fake::DeviceInfo, driverType));
    own::CreateParams wanted{};
    wanted.gpuId = 1;
    wanted.width = 2;
    wanted.height = 3;
    wanted.size = 4;
    wanted.isContiguous = 1;
    wanted.colorFormat = 5;
    wanted.layout = 6;
    wanted.memType = 7;
    fake::CreateParams read{};
    std::memcpy(&read, &wanted, sizeof read);
    EXPECT_EQ(read.gpuId, 1u);
    EXPECT_EQ(read.width, 2u);
    EXPECT_EQ(read.height, 3u);
    EXPECT_EQ(read.size, 4u);
    EXPECT_TRUE(read.isContiguous);
    EXPECT_EQ(read.colorFormat, 5);
    EXPECT_EQ(read.layout, 6);
    EXPECT_EQ(read.memType, 7);
    EXPECT_EQ(own::kProtectedOld, fake::kProtectedOld);
    EXPECT_EQ(own::kProtectedNew, fake::kProtectedNew);
}

#ifdef ZC_HAVE_NVBUFSURFACE_H

// The header is of one of the two ABIs; which one, its own struct tells.
constexpr bool kNew = sizeof(NvBufSurface) == sizeof(fake::NewSurface);
using Surface = std::conditional_t<kNew, fake::NewSurface, fake::OldSurface>;
using Params = std::conditional_t<kNew, fake::NewParams, fake::OldParams>;

TEST(NvbufAbi, NvidiaHeaderAgrees)
{
    static_assert(sizeof(NvBufSurface) == sizeof(Surface));
    static_assert(sizeof(NvBufSurfaceParams) == sizeof(Params));
    static_assert(sizeof(NvBufSurfacePlaneParams) == sizeof(fake::PlaneParams));
#define SAME(theirs, field, ours, member) static_assert(offsetof(theirs, field) == offsetof(ours, member))
    SAME(NvBufSurface, gpuId, fake::Surface, gpuId);
    SAME(NvBufSurface, batchSize, fake::Surface, batchSize);
    SAME(NvBufSurface, numFilled, fake::Surface, numFilled);
    SAME(NvBufSurface, isContiguous, fake::Surface, isContiguous);
    SAME(NvBufSurface, memType, fake::Surface, memType);
    SAME(NvBufSurface, surfaceList, fake::Surface, surfaceList);
    SAME(NvBufSurfaceParams, width, fake::Params, width);
    SAME(NvBufSurfaceParams, height, fake::Params, height);
    SAME(NvBufSurfaceParams, pitch, fake::Params, pitch);
    SAME(NvBufSurfaceParams, colorFormat, fake::Params, colorFormat);
    SAME(NvBufSurfaceParams, layout, fake::Params, layout);
    SAME(NvBufSurfaceParams, bufferDesc, fake::Params, bufferDesc);
    SAME(NvBufSurfaceParams, dataSize, fake::Params, dataSize);
    SAME(NvBufSurfaceParams, dataPtr, fake::Params, dataPtr);
    SAME(NvBufSurfaceParams, planeParams, fake::Params, planes);
    SAME(NvBufSurfaceParams, mappedAddr.addr, fake::Params, mappedAddr);
    SAME(NvBufSurfaceParams, mappedAddr.eglImage, fake::Params, eglImage);
    SAME(NvBufSurfaceParams, paramex, Params, paramex);
    SAME(NvBufSurfacePlaneParams, num_planes, fake::PlaneParams, numPlanes);
    SAME(NvBufSurfacePlaneParams, width, fake::PlaneParams, width);
    SAME(NvBufSurfacePlaneParams, height, fake::PlaneParams, height);
    SAME(NvBufSurfacePlaneParams, pitch, fake::PlaneParams, pitch);
    SAME(NvBufSurfacePlaneParams, offset, fake::PlaneParams, offset);
    SAME(NvBufSurfacePlaneParams, psize, fake::PlaneParams, psize);
    SAME(NvBufSurfacePlaneParams, bytesPerPix, fake::PlaneParams, bytesPerPix);
    SAME(NvBufSurfaceCreateParams, gpuId, fake::CreateParams, gpuId);
    SAME(NvBufSurfaceCreateParams, isContiguous, fake::CreateParams, isContiguous);
    SAME(NvBufSurfaceCreateParams, colorFormat, fake::CreateParams, colorFormat);
    SAME(NvBufSurfaceCreateParams, layout, fake::CreateParams, layout);
    SAME(NvBufSurfaceCreateParams, memType, fake::CreateParams, memType);
    static_assert(sizeof(NvBufSurfaceCreateParams) ==
                  (kNew ? sizeof(fake::NewCreateParams) : sizeof(fake::CreateParams)));
    static_assert(offsetof(NvBufSurfaceParamsEx, is_protected) == (kNew ? fake::kProtectedNew : fake::kProtectedOld));
    static_assert(NVBUF_MEM_SURFACE_ARRAY == int{fake::kMemSurfaceArray} && NVBUF_MEM_SYSTEM == int{fake::kMemSystem});
    static_assert(NVBUF_LAYOUT_BLOCK_LINEAR == int{fake::kLayoutBlockLinear} &&
                  NVBUF_MAP_READ_WRITE == int{fake::kMapReadWrite});
#ifdef ZC_NEW_NVBUFSURFACE_H
    SAME(NvBufSurfaceParams, mappedAddr.cudaPtr, Params, cudaPtr);
    SAME(NvBufSurfaceParams, cudaBuffer, Params, cudaBuffer);
    SAME(NvBufSurfaceCudaBuffer, dataPtr, fake::CudaBuffer, dataPtr);
    static_assert(sizeof(NvBufSurfaceCudaBuffer) == sizeof(fake::CudaBuffer));
    static_assert(sizeof(NvBufSurfaceDeviceInfo) == sizeof(fake::DeviceInfo));
    SAME(NvBufSurfaceDeviceInfo, driverType, fake::DeviceInfo, driverType);
#endif
#undef SAME
    EXPECT_EQ(own::pictureStride(kNew ? own::Abi::New : own::Abi::Old), sizeof(NvBufSurfaceParams));
}

#else

TEST(NvbufAbi, NvidiaHeaderAgrees)
{
    GTEST_SKIP() << "nvbufsurface.h is not installed; NVBUFSURFACE_INCLUDE names its folder to meson";
}

#endif

} // namespace
