// SPDX-License-Identifier: MIT
// Surfaces, buffers and metadata that are wrong: one element error (or, for metadata, a warning), and no byte touched.
#include "nvmm_rig.hpp"

namespace zc::test {
namespace {

constexpr int kDevice = fake_nvbuf::kMemCudaDevice, kUnified = fake_nvbuf::kMemCudaUnified,
              kArray = fake_nvbuf::kMemSurfaceArray, kSystem = fake_nvbuf::kMemSystem;

// What may become of a surface that is wrong in one way.
enum class Fate {
    Refused,
    Either, // refused, or what is wrong does not matter
};

struct Wrong {
    Break how;
    const char *name;
    Fate fate = Fate::Refused;
    unsigned batch = 1;
    const char *says = ""; // part of the error
};

const Wrong kStructs[] = {
    {Break::Garbage, "garbage"},
    {Break::Zeros, "zeros"},
    {Break::TooSmall, "too-small", Fate::Refused, 1, "32"},
    {Break::OtherAbi, "other-abi", Fate::Either},
    {Break::OtherAbi, "other-abi-batch", Fate::Refused, 4},
    {Break::NullList, "null-list", Fate::Refused, 1, "null"},
    {Break::AbsurdBatch, "absurd-batch"},
    {Break::TooManyFilled, "too-many-filled", Fate::Refused, 1, "2"},
    {Break::TooManyFilled, "too-many-filled-batch", Fate::Refused, 4, "5"},
    {Break::NoneFilled, "none-filled", Fate::Either},
    {Break::NoneFilled, "none-filled-batch", Fate::Either, 4},
    {Break::MemType, "mem-type", Fate::Refused, 1, "99"},
};

const Wrong kPictures[] = {
    {Break::PlaneOutside, "plane-outside"},
    {Break::SmallData, "small-data"},
    {Break::SmallData, "small-data-batch", Fate::Refused, 3},
    {Break::ThinPitch, "thin-pitch", Fate::Refused, 1, "pitch"},
    {Break::AbsurdPitch, "absurd-pitch"},
    {Break::NoPlanes, "no-planes"},
    {Break::ManyPlanes, "many-planes", Fate::Refused, 1, "9"},
    {Break::OddPlaneSize, "odd-plane-size", Fate::Either},
    {Break::WrongSize, "wrong-size", Fate::Either},
    {Break::WrongFormat, "wrong-format"},
    {Break::UnknownFormat, "unknown-format", Fate::Refused, 1, "500"},
    {Break::Layout, "layout", Fate::Refused, 1, "7"},
    {Break::TwoMemories, "two-memories", Fate::Refused, 1, "2 memories"},
    {Break::PlainMemory, "plain-memory"},
};

class NvmmBadInput : public Nvmm {
protected:
    // One frame that is right, one that is wrong, and nothing of the second one changed.
    void check(const Wrong &wrong, nvmm_test::Settings settings, const std::string &device)
    {
        const std::string what =
            std::string(wrong.name) + " memType " + std::to_string(settings.memType) + " " + device;
        settings.fault = wrong.how;
        settings.breakAt = 1;
        settings.batchSize = wrong.batch;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness("cudazerocopy kernel=invert on-shared=error device=" + device, feed.caps());
        ASSERT_EQ(harness.push(feed.next()), GST_FLOW_OK) << what << ": " << errors(harness);
        EXPECT_NE(harness.pull(), nullptr);
        Buffer buffer = feed.next();
        void *surface = realSurface(buffer);
        const GstFlowReturn flow = harness.push(std::move(buffer));
        if (flow == GST_FLOW_OK) {
            EXPECT_EQ(wrong.fate, Fate::Either) << what << " was taken";
            EXPECT_EQ(errors(harness), "") << what;
            harness.pull();
            return;
        }
        EXPECT_EQ(flow, GST_FLOW_ERROR) << what;
        const auto told = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
        ASSERT_EQ(told.size(), 1u) << what << ": " << lines(told);
        EXPECT_TRUE(contains(told[0], wrong.says)) << what << ": " << told[0];
        if (wrong.how == Break::TwoMemories)
            return; // the pool does not take such a buffer back, so that the surface is gone
        for (unsigned i = 0; surface != nullptr && i < wrong.batch; ++i)
            EXPECT_TRUE(planes(surface, i) == drawnPlanes(i)) << what << ": picture " << i << " was touched";
    }

    static std::string errors(ElementHarness &harness)
    {
        return lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
    }

    // Not what the memory shows, but what the source made; null if the buffer holds something else.
    static void *realSurface(const Buffer &buffer)
    {
        const auto *memory = nvmm_test::surfaceMemory(buffer.get());
        return memory != nullptr ? memory->surface : nullptr;
    }

    static Bytes planes(void *surface, unsigned index)
    {
        Bytes all;
        for (unsigned plane = 0; plane < 2; ++plane) {
            std::size_t pitch = 0;
            const unsigned char *rows = zc_nvbuf_plane(surface, index, plane, &pitch);
            for (int y = 0; rows != nullptr && y < 48 >> plane; ++y)
                all.insert(all.end(), rows + static_cast<std::size_t>(y) * pitch,
                           rows + static_cast<std::size_t>(y) * pitch + 64);
        }
        return all;
    }
    static Bytes drawnPlanes(unsigned index)
    {
        Bytes all;
        for (unsigned plane = 0; plane < 2; ++plane)
            for (unsigned y = 0; y < 48u >> plane; ++y)
                for (std::size_t x = 0; x < 64; ++x)
                    all.push_back(nvmm_test::pictureByte(1, index, plane, x, y));
        return all;
    }
};

TEST_F(NvmmBadInput, OnTheGpu)
{
    for (const int memType : {kDevice, kUnified, kArray}) {
        for (const Wrong &wrong : kStructs)
            check(wrong, surfaces(memType), "auto");
        for (const Wrong &wrong : kPictures)
            check(wrong, surfaces(memType), "auto");
    }
}

TEST_F(NvmmBadInput, BlockLinear)
{
    nvmm_test::Settings settings = surfaces(kArray);
    settings.blockLinear = true;
    for (const Wrong &wrong : kStructs)
        check(wrong, settings, "auto");
    for (const Wrong &wrong : kPictures) {
        // Pitches and offsets mean nothing there.
        Wrong lenient = wrong;
        if (wrong.how == Break::PlaneOutside || wrong.how == Break::SmallData || wrong.how == Break::ThinPitch ||
            wrong.how == Break::AbsurdPitch)
            lenient.fate = Fate::Either;
        check(lenient, settings, "auto");
    }
}

TEST_F(NvmmBadInput, OnTheCpu)
{
    for (const int memType : {kUnified, kArray, kSystem}) {
        for (const Wrong &wrong : kStructs)
            check(wrong, surfaces(memType), "cpu");
        for (const Wrong &wrong : kPictures)
            check(wrong, surfaces(memType), "cpu");
    }
}

TEST_F(NvmmBadInput, AddressesOfCudaMemory)
{
    check({Break::NullData, "null-data"}, surfaces(kDevice), "auto");
    check({Break::NullData, "null-data"}, surfaces(kSystem), "cpu");
    check({Break::ForeignData, "foreign-data"}, surfaces(kDevice), "auto");
    check({Break::FreedData, "freed-data"}, surfaces(kDevice), "auto");
    check({Break::FreedData, "freed-data-batch", Fate::Refused, 3}, surfaces(kDevice), "auto");
    check({Break::FreedData, "freed-data"}, surfaces(kUnified), "auto");
}

TEST_F(NvmmBadInput, WrongGpu)
{
    zc_fake_set_devices(2);
    check({Break::WrongGpu, "wrong-gpu", Fate::Refused, 1, "GPU"}, surfaces(kDevice), "auto");
    check({Break::WrongGpu, "gpu-id", Fate::Refused, 1, "gpu-id=0"}, surfaces(kDevice), "auto cuda-device-id=0");
}

TEST_F(NvmmBadInput, GpuThatDoesNotExist)
{
    check({Break::WrongGpu, "no-such-gpu", Fate::Refused, 1, "GPU"}, surfaces(kDevice), "auto");
}

TEST_F(NvmmBadInput, EglImageThatIsGone)
{
    check({Break::FreedEgl, "freed-egl"}, surfaces(kArray), "auto");
    nvmm_test::Settings settings = surfaces(kArray);
    settings.blockLinear = true;
    check({Break::FreedEgl, "freed-egl", Fate::Refused, 2}, settings, "auto");
}

TEST_F(NvmmBadInput, ProtectedContent)
{
    check({Break::Protected, "protected", Fate::Refused, 1, "protected"}, surfaces(kArray), "auto");
    check({Break::Protected, "protected", Fate::Refused, 1, "protected"}, surfaces(kArray), "cpu");
}

// The element goes on where a frame was skipped or its box was.
class NvmmBadMeta : public NvmmBadInput, public testing::WithParamInterface<std::pair<Break, const char *>> {};

TEST_P(NvmmBadMeta, IsSkipped)
{
    nvmm_test::Settings settings = surfaces(kDevice);
    settings.fault = GetParam().first;
    settings.batchSize = 2;
    settings.objects = "0:1:2:8:8:16:16;1:1:2:4:4:8:8";
    NvmmFeed feed(settings, nvmmCaps("NV12"));
    ElementHarness harness("cudazerocopy kernel=invert regions-from=nvds-meta", feed.caps());
    LogCapture log;
    for (int i = 0; i < 3; ++i) {
        const Buffer out = pass(harness, feed.next());
        EXPECT_NE(out, nullptr) << errors(harness);
    }
    EXPECT_EQ(errors(harness), "");
    const auto warnings = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_WARNING);
    const bool silent = GetParam().first == Break::MetaType || GetParam().first == Break::MetaCount;
    EXPECT_EQ(warnings.empty() && log.take().empty(), silent) << lines(warnings);
}

INSTANTIATE_TEST_SUITE_P(Meta, NvmmBadMeta,
                         testing::Values(std::pair(Break::MetaCycle, "Cycle"), std::pair(Break::MetaNan, "Nan"),
                                         std::pair(Break::MetaIndex, "Index"), std::pair(Break::MetaCount, "Count"),
                                         std::pair(Break::MetaNull, "Null"), std::pair(Break::MetaType, "Type")),
                         [](const auto &test) { return std::string(test.param.second); });

} // namespace
} // namespace zc::test
