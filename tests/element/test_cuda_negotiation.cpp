// SPDX-License-Identifier: MIT
// What the element agrees to where there is a GPU: the stand-in driver plays it.
#include "fake_gpu.hpp"
#include "negotiation.hpp"

namespace zc::test {
namespace {

bool knowsCudaMemory()
{
    GstElementFactory *factory = gst_element_factory_find("cudazerocopy");
    const CapsPtr caps = capsFrom("video/x-raw(memory:CUDAMemory),format=NV12");
    const bool knows = gst_element_factory_can_sink_any_caps(factory, caps.get());
    gst_object_unref(factory);
    return knows;
}

class CudaNegotiation : public FakeGpu,
                        public testing::WithParamInterface<std::tuple<const char *, NegotiationCase>> {};

TEST_P(CudaNegotiation, Follows)
{
    const auto &[device, row] = GetParam();
    const bool refused = row.onGpu && (!knowsCudaMemory() || std::string(device) == "cpu");
    expectNegotiated(device, row, refused ? "" : row.expected);
    if (std::string(device) == "cpu") {
        EXPECT_EQ(zc_fake_calls_total(), 0U) << "nobody asked for the driver";
    }
}

INSTANTIATE_TEST_SUITE_P(Table, CudaNegotiation,
                         testing::Combine(testing::Values("cuda", "auto", "cpu"),
                                          testing::ValuesIn(negotiationCases())),
                         [](const auto &test) {
                             return std::string(std::get<0>(test.param)) + "_" + std::get<1>(test.param).name;
                         });

} // namespace
} // namespace zc::test
