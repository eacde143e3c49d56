// SPDX-License-Identifier: MIT
// Pictures of real NVMM surfaces, fetched with the driver's own copies, and what the CPU makes of them.
#pragma once

#include "backend/backend.hpp"
#include "buffers.hpp"
#include "cuda/handles.hpp"
#include "memory/nvbufsurface_library.hpp"
#include "memory/nvbufsurface_reader.hpp"
#include "runtime/kernel.hpp"
#include "video_buffers.hpp"

#include <cstdlib>
#include <vector>

namespace zc::test {

// One picture, its rows without padding.
struct Picture {
    Frame frame; // its planes point into the bytes
    std::vector<Bytes> planes;
};

// A CPU copy of each picture in the buffer; empty, with a failure, if it cannot be had.
inline std::vector<Picture> fetch(GstBuffer *buffer, const gst::Negotiated &negotiated)
{
    std::vector<Picture> pictures;
    GstMapInfo map = GST_MAP_INFO_INIT;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return pictures;
    const auto view = nvbuf::readSurface(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    const auto library = nvbuf::library();
    EXPECT_TRUE(view.ok()) << view.status().message();
    EXPECT_TRUE(library.ok()) << library.status().message();
    if (!view.ok() || !library.ok())
        return pictures;
    const auto primary = cuda::PrimaryContext::retain(view.value().gpu);
    EXPECT_TRUE(primary.ok()) << primary.status().message();
    if (!primary.ok())
        return pictures;
    const cuda::ContextGuard guard(primary.value().get());
    const cuda::Driver &d = *cuda::driverIfOpen();
    nvbuf::Expected expected{negotiated.format, {}, {}};
    if (negotiated.rangeStated)
        expected.range = negotiated.range;
    if (negotiated.matrixStated)
        expected.matrix = negotiated.matrix;
    for (std::uint32_t i = 0; i < view.value().filled; ++i) {
        const nvbuf::Params &params = *nvbuf::pictureAt(*view.value().surface, library.value()->abi, i);
        auto found = nvbuf::readPicture(params, expected);
        EXPECT_TRUE(found.ok()) << found.status().message();
        if (!found.ok())
            return {};
        Picture picture{found.value().frame, {}};
        const FormatInfo &format = formatInfo(picture.frame.format);
        for (int p = 0; p < format.planes; ++p) {
            Plane &plane = picture.frame.planes[p];
            const auto row = static_cast<std::size_t>(rowBytes(format, p, picture.frame.width));
            Bytes bytes(row * static_cast<std::size_t>(plane.height));
            cuda::Memcpy2D copy{};
            copy.srcMemoryType = 4; // unified addressing: wherever it lies
            copy.srcDevice = reinterpret_cast<cuda::Address>(params.dataPtr) + params.planes.offset[p];
            copy.srcPitch = params.planes.pitch[p];
            copy.dstMemoryType = cuda::kMemoryHost;
            copy.dstHost = bytes.data();
            copy.dstPitch = copy.widthInBytes = row;
            copy.height = static_cast<std::size_t>(plane.height);
            EXPECT_EQ(d.memcpy2DAsync(&copy, nullptr), cuda::kSuccess);
            EXPECT_EQ(d.streamSynchronize(nullptr), cuda::kSuccess);
            plane.pitch = static_cast<std::int64_t>(row);
            picture.planes.push_back(std::move(bytes));
            plane.data = picture.planes.back().data(); // which moves with the vector
        }
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

// The kernel over the whole picture, by the CPU backend.
inline void changeOnCpu(Picture &picture, const std::string &kernel, const std::string &params)
{
    static const std::unique_ptr<Backend> cpu = makeHostBackend();
    const KernelInfo *info = findKernel(kernel);
    ASSERT_NE(info, nullptr) << kernel;
    ParamValues values(info->params);
    if (!params.empty()) {
        const auto words = splitParams(params);
        ASSERT_TRUE(words.ok()) << words.status().message();
        for (const NamedText &word : words.value())
            ASSERT_TRUE(values.setText(word.name, word.text).ok()) << word.name;
    }
    for (std::size_t p = 0; p < picture.planes.size(); ++p)
        picture.frame.planes[p].data = picture.planes[p].data();
    Launch launch;
    launch.kernel = info;
    launch.params = &values;
    ASSERT_TRUE(checkFrame(picture.frame).ok()) << checkFrame(picture.frame).message();
    const Status status = cpu->run(picture.frame, launch);
    ASSERT_TRUE(status.ok()) << status.message();
}

// The biggest distance between two pictures' samples, in code values of their depth.
inline int distance(const Picture &a, const Picture &b)
{
    const FormatInfo &format = formatInfo(a.frame.format);
    if (a.planes.size() != b.planes.size() || a.frame.width != b.frame.width || a.frame.height != b.frame.height)
        return 65536;
    int most = 0;
    for (std::size_t p = 0; p < a.planes.size(); ++p) {
        if (format.sampleBytes == 1) {
            most = std::max(most, biggestDifference(a.planes[p], b.planes[p]));
            continue;
        }
        for (std::size_t i = 0; i + 1 < a.planes[p].size(); i += 2) {
            const int x = a.planes[p][i] | a.planes[p][i + 1] << 8, y = b.planes[p][i] | b.planes[p][i + 1] << 8;
            most = std::max(most, std::abs(x - y) >> format.shift);
        }
    }
    return most;
}

} // namespace zc::test
