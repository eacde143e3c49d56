// SPDX-License-Identifier: MIT
// What the GPU's own code makes of NVMM surfaces, run on the host: every kind of memory against the tests' slow
// kernels.
#include "nvmm_rig.hpp"

#include "gstcudazerocopy.h"

namespace zc::test {
namespace {

struct Surfaces {
    const char *name;
    int memType;
    bool blockLinear;
};

constexpr Surfaces kSurfaces[] = {{"Device", fake_nvbuf::kMemCudaDevice, false},
                                  {"Pitch", fake_nvbuf::kMemSurfaceArray, false},
                                  {"BlockLinear", fake_nvbuf::kMemSurfaceArray, true}};
constexpr const char *kKernels[] = {
    "invert",          "gray", "adjust,brightness=0.1,saturation=0.4", "flip,method=rotate-180", "box-blur,radius=2",
    "pixelate,block=4"};
constexpr const char *kFormats[] = {"NV12", "I420", "P010_10LE", "RGBA", "BGRx", "NV16", "Y444", "GRAY8"};

// In code values: P010 has ten bits at the top of each word.
int difference(const char *format, const Bytes &a, const Bytes &b)
{
    if (std::strcmp(format, "P010_10LE") != 0)
        return biggestDifference(a, b);
    int most = a.size() == b.size() ? 0 : 1024;
    for (std::size_t i = 0; most < 1024 && i + 1 < a.size(); i += 2)
        most = std::max(most, std::abs((a[i] | a[i + 1] << 8) - (b[i] | b[i + 1] << 8)) / 64);
    return most;
}

class NvmmArithmetic : public testing::TestWithParam<Surfaces> {
protected:
    NvmmArithmetic()
    {
        static const bool known = GST_ELEMENT_REGISTER(cudazerocopy, nullptr);
        EXPECT_TRUE(known);
        zc_nvbuf_reset();
    }
    ~NvmmArithmetic() override
    {
        EXPECT_STREQ(zc_nvbuf_misuse(), "");
        EXPECT_EQ(zc_nvbuf_live(nullptr), 0u) << zc_nvbuf_live_text();
    }
};

TEST_P(NvmmArithmetic, IsThatOfTheSlowKernels)
{
    for (const char *kernel : kKernels) {
        for (const char *format : kFormats) {
            const std::string what = std::string(kernel) + " on " + format;
            nvmm_test::Settings settings = surfaces(GetParam().memType);
            settings.blockLinear = GetParam().blockLinear;
            settings.batchSize = 2;
            const bool rgb = std::strstr(format, "RGB") != nullptr || std::strstr(format, "BGR") != nullptr;
            NvmmFeed feed(settings, nvmmCaps(format, 30, 22, rgb ? "" : ",colorimetry=bt709"));
            ElementHarness harness("cudazerocopy device=cuda zero-copy=required kernel=\"" + std::string(kernel) + "\"",
                                   feed.caps());
            const Buffer out = pass(harness, feed.next());
            ASSERT_NE(out, nullptr) << what << ": "
                                    << lines(textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR));
            for (unsigned i = 0; i < 2; ++i) {
                const Bytes wanted = after(kernel, feed.info(), drawn(feed.info(), 0, i));
                EXPECT_LE(difference(format, pictureOf(out, feed.info(), i), wanted), 1) << what << ", picture " << i;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Memory, NvmmArithmetic, testing::ValuesIn(kSurfaces),
                         [](const auto &test) { return test.param.name; });

} // namespace
} // namespace zc::test
