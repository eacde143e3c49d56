// SPDX-License-Identifier: MIT
// A whole life of the element on a GPU, with each call of the driver failed once: one clear error or none at all,
// nothing left behind, no hang.
#include "fake_gpu.hpp"

#include <chrono>
#include <set>
#include <sstream>

namespace zc::test {
namespace {

constexpr const char *kElement = "cudazerocopy kernel=box-blur device=cuda";
constexpr int kOutOfMemory = 2;
constexpr int kIllegalAddress = 700;

struct Outcome {
    std::vector<std::string> errors;
    bool refused = false; // a frame, or the start
};

// Which call of all is to fail from here on, and how; 0: none.
struct Fault {
    unsigned long call = 0;
    int error = 0;
    void arm() const
    {
        zc_fake_reset();
        if (call != 0)
            zc_fake_fail(nullptr, call, error);
    }
};

using Life = Outcome (*)(Fault);

Outcome startAndStop(Fault fault)
{
    const Alone alone(kElement);
    fault.arm();
    Outcome outcome;
    outcome.refused = gst_element_set_state(alone.get(), GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE;
    gst_element_set_state(alone.get(), GST_STATE_NULL);
    outcome.errors = textsOf(alone.bus.get(), GST_MESSAGE_ERROR);
    return outcome;
}

// Frames of each kind, a copy, another kernel, stop; goes on after a failure, as a careless application does.
Outcome framesAndStop(Fault fault)
{
    zc_fake_reset(); // a fault that an earlier, shorter life did not reach would hit the start
    ElementHarness h(kElement, kSmall);
    fault.arm();
    Outcome outcome;
    const GstVideoInfo info = infoOf(kSmall);
    const auto push = [&](Buffer buffer) {
        outcome.refused = h.push(std::move(buffer)) != GST_FLOW_OK || outcome.refused;
        (void)h.pull();
    };
    push(makeBuffer(info, {.name = ""}, 1));
    push(makeBuffer(info, {.name = "", .store = Store::Memfd}, 2));
    Buffer shared = makeBuffer(info, {.name = ""}, 3);
    const Buffer held(gst_buffer_ref(shared.get()));
    push(std::move(shared));
    g_object_set(h.element(), "kernel", "invert", nullptr);
    push(makeBuffer(info, {.name = ""}, 4));
    push(makeBuffer(info, {.name = ""}, 5));
    gst_element_set_state(h.element(), GST_STATE_NULL);
    for (const Posted &posted : h.posted(GST_MESSAGE_ERROR))
        outcome.errors.push_back(posted.text);
    return outcome;
}

class CudaFaults : public FakeGpu {
protected:
    // The driver is opened once a process; what its opening calls do on failure is another test's.
    static void SetUpTestSuite()
    {
        const Outcome outcome = framesAndStop({});
        ASSERT_EQ(lines(outcome.errors), "");
        ASSERT_FALSE(outcome.refused);
    }
};

std::vector<std::string> callsOf(Life life)
{
    (void)life({});
    std::vector<std::string> calls;
    for (unsigned long i = 1; zc_fake_call_name(i) != nullptr; ++i)
        calls.emplace_back(zc_fake_call_name(i));
    return calls;
}

// In a context that is lost, and cannot even be made current, nothing can be given back.
std::string misuse(int error)
{
    std::istringstream all(zc_fake_misuse());
    std::string found;
    for (std::string line; std::getline(all, line);) {
        if (error != kIllegalAddress || !contains(line, "goes while it holds"))
            found += line + "\n";
    }
    return found;
}

// Fails each call of the life in turn; the names of those whose failure was told.
std::set<std::string> toldOf(Life life, int error, const char *name)
{
    std::set<std::string> told;
    const std::vector<std::string> calls = callsOf(life);
    for (unsigned long i = 1; i <= calls.size() && !testing::Test::HasFailure(); ++i) {
        SCOPED_TRACE("call " + std::to_string(i) + ", " + calls[i - 1]);
        const auto begin = std::chrono::steady_clock::now();
        const Outcome outcome = life({i, error});
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30)) << "hangs";
        // How many pages the heap's frames share, and so how many calls there are, differs a little.
        EXPECT_TRUE(zc_fake_failures() > 0 || zc_fake_calls_total() < i);
        EXPECT_LE(outcome.errors.size(), 1U) << lines(outcome.errors);
        EXPECT_EQ(outcome.refused, !outcome.errors.empty()) << "nothing is refused without a word";
        if (!outcome.errors.empty()) {
            EXPECT_TRUE(contains(outcome.errors[0], name)) << outcome.errors[0];
            const char *failed = zc_fake_call_name(i); // which may be another than in the first life
            told.insert(failed != nullptr ? failed : calls[i - 1]);
        }
        EXPECT_EQ(misuse(error), "");
        EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
        EXPECT_EQ(zc_fake_stack_depth(), 0U);
    }
    return told;
}

TEST_F(CudaFaults, EachCallFailedOnceIsAtMostOneError)
{
    std::set<std::string> told = toldOf(framesAndStop, kOutOfMemory, "OUT_OF_MEMORY");
    told.merge(toldOf(startAndStop, kOutOfMemory, "OUT_OF_MEMORY"));
    // Releases and figures of time may fail in silence; work may not.
    for (const char *call : {"cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuStreamCreate", "cuMemAlloc_v2",
                             "cuMemHostRegister_v2", "cuMemHostGetDevicePointer_v2", "cuModuleLoadData",
                             "cuModuleGetFunction", "cuLaunchKernel", "cuEventSynchronize"})
        EXPECT_EQ(told.count(call), 1U) << call;
}

TEST_F(CudaFaults, ALostGpuIsToldOnce)
{
    const std::set<std::string> told = toldOf(framesAndStop, kIllegalAddress, "ILLEGAL_ADDRESS");
    for (const char *call : {"cuLaunchKernel", "cuEventSynchronize", "cuMemHostRegister_v2"})
        EXPECT_EQ(told.count(call), 1U) << call;
    zc_fake_reset();
}

TEST_F(CudaFaults, FramesAfterTheLossReachNoDriver)
{
    ElementHarness h(kElement, kSmall);
    pushFrames(h, kSmall, 2);
    zc_fake_lose(kIllegalAddress);
    EXPECT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_ERROR);
    const unsigned long calls = zc_fake_calls_total();
    for (unsigned i = 0; i < 20; ++i)
        EXPECT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, i)), GST_FLOW_ERROR);
    EXPECT_EQ(zc_fake_calls_total(), calls);
    const auto errors = h.posted(GST_MESSAGE_ERROR);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0].text, "ILLEGAL_ADDRESS")) << errors[0].text;
    gst_element_set_state(h.element(), GST_STATE_NULL);
    zc_fake_lose(0);
}

TEST_F(CudaFaults, AnErrorOfTheGpuIsOneOfAResource)
{
    ElementHarness h(kElement, kSmall);
    zc_fake_fail("cuLaunchKernel", 1, kIllegalAddress);
    EXPECT_EQ(h.push(makeBuffer(infoOf(kSmall), {.name = ""}, 1)), GST_FLOW_ERROR);
    GstBus *bus = GST_ELEMENT_BUS(h.element());
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    ASSERT_NE(message, nullptr);
    GError *error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    EXPECT_EQ(error->domain, GST_RESOURCE_ERROR) << error->message;
    g_clear_error(&error);
    gst_message_unref(message);
    gst_element_set_state(h.element(), GST_STATE_NULL);
    zc_fake_lose(0);
}

} // namespace
} // namespace zc::test
