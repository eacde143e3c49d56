// SPDX-License-Identifier: MIT
// A whole life of the CUDA backend, again and again, each time with one driver call failing: one clear error, nothing
// misused, nothing left behind, no hang.
#include "fake_cuda.h"
#include "in_child.hpp"

#include "backend/cuda_backend.hpp"
#include "cuda/embedded.hpp"
#include "cuda/handles.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace {

using zc::Status;

constexpr int kWidth = 96, kHeight = 48;

// One picture in device memory.
class Picture {
public:
    Status make(zc::cuda::Context context, zc::Format format)
    {
        constexpr int kPitch = 512;
        frame_.format = format;
        frame_.width = kWidth;
        frame_.height = kHeight;
        frame_.memory = zc::MemoryKind::Cuda;
        frame_.device = 0;
        zc::setPlaneSizes(frame_);
        const zc::cuda::ContextGuard guard(context);
        if (!guard.ok())
            return guard.status();
        auto memory = zc::cuda::allocate(context, std::size_t{kPitch} * kHeight * 3);
        if (!memory)
            return memory.status();
        memory_ = std::move(memory.value());
        std::uint64_t at = memory_.get();
        for (int i = 0; i < zc::formatInfo(format).planes; ++i) {
            frame_.planes[i].data = reinterpret_cast<void *>(at);
            frame_.planes[i].pitch = kPitch;
            at += std::uint64_t{kPitch} * kHeight;
        }
        return {};
    }
    const zc::Frame &frame() const { return frame_; }

private:
    zc::cuda::DeviceMemory memory_;
    zc::Frame frame_;
};

struct Step {
    const char *kernel, *params;
    zc::Format format;
};

constexpr Step kSteps[] = {
    {"invert", nullptr, zc::Format::Nv12},        {"invert", nullptr, zc::Format::Rgba},
    {"adjust", "contrast=1.5", zc::Format::Nv12}, {"pixelate", nullptr, zc::Format::Nv12},
    {"flip", nullptr, zc::Format::Nv12},          {"box-blur", nullptr, zc::Format::Rgba},
};

Status runStep(zc::Backend &backend, const Picture &picture, const Step &step)
{
    const zc::KernelInfo *kernel = zc::findKernel(step.kernel);
    zc::ParamValues params(kernel->params);
    if (step.params) {
        const std::string text = step.params;
        const auto equals = text.find('=');
        const auto set = params.setText(text.substr(0, equals), text.substr(equals + 1));
        if (!set)
            return set.status();
    }
    const zc::Rect area{8, 8, 40, 24};
    zc::Launch launch;
    launch.kernel = kernel;
    launch.params = &params;
    if (Status whole = backend.run(picture.frame(), launch); !whole.ok())
        return whole;
    launch.wholeFrame = false;
    launch.regions = {&area, 1};
    return backend.run(picture.frame(), launch);
}

// Everything that can be asked of a backend; ends at the first error, as an element does.
Status work(zc::Backend &backend, const Picture &nv12, const Picture &rgba, const Picture &copy)
{
    for (const Step &step : kSteps) {
        if (Status ran = runStep(backend, step.format == zc::Format::Nv12 ? nv12 : rgba, step); !ran.ok())
            return ran;
        if (Status waited = backend.wait(); !waited.ok())
            return waited;
    }
    if (Status copied = backend.copy(nv12.frame(), copy.frame()); !copied.ok())
        return copied;
    return backend.wait();
}

struct Outcome {
    bool clean = false; // the child ended by itself
    Status status;
    unsigned long calls = 0, callsBeforeEnd = 0, callsAfterError = 0;
    unsigned long failures = 0;
    bool errorChanged = false; // after the error, another answer than a lost GPU's
    std::string failedCall, live, misuse;
    unsigned long depth = 0;
};

// What the child tells, a line each.
std::string tell(const Outcome &o)
{
    std::ostringstream out;
    const auto lines = [](std::string text) {
        for (char &c : text)
            if (c == '\n')
                c = '|';
        return text;
    };
    out << static_cast<int>(o.status.code()) << '\n'
        << lines(o.status.message()) << '\n'
        << o.calls << ' ' << o.callsBeforeEnd << ' ' << o.callsAfterError << ' ' << o.failures << ' ' << o.errorChanged
        << ' ' << o.depth << '\n'
        << o.failedCall << '\n'
        << lines(o.live) << '\n'
        << lines(o.misuse) << '\n'
        << "end\n";
    return out.str();
}

Outcome understand(const zc::test::ChildResult &child)
{
    Outcome o;
    std::istringstream in(child.text);
    int code = 0;
    std::string codeText, message, numbers, end;
    std::getline(in, codeText);
    std::getline(in, message);
    std::getline(in, numbers);
    std::getline(in, o.failedCall);
    std::getline(in, o.live);
    std::getline(in, o.misuse);
    std::getline(in, end);
    std::istringstream(codeText) >> code;
    std::istringstream(numbers) >> o.calls >> o.callsBeforeEnd >> o.callsAfterError >> o.failures >> o.errorChanged >>
        o.depth;
    o.status = Status(static_cast<zc::Code>(code), message);
    o.clean = child.status == 0 && end == "end";
    if (!o.clean)
        o.misuse += " child status " + std::to_string(child.status) + ": " + child.text;
    return o;
}

// The backend's part of the life; the pictures are somebody else's and outlive it.
void live(Outcome &o, bool timed)
{
    auto context = zc::cuda::PrimaryContext::retain(0);
    if (!context) {
        o.status = context.status();
        return;
    }
    Picture nv12, rgba, copy;
    for (auto [picture, format] :
         {std::pair(&nv12, zc::Format::Nv12), std::pair(&rgba, zc::Format::Rgba), std::pair(&copy, zc::Format::Nv12)})
        if (o.status = picture->make(context.value().get(), format); !o.status.ok())
            return;
    auto backend = zc::makeCudaBackend();
    if (!backend) {
        o.status = backend.status();
        return;
    }
    backend.value()->timeRuns(timed);
    o.status = work(*backend.value(), nv12, rgba, copy);
    double seconds = 0;
    while (timed && backend.value()->takeGpuTime(seconds)) {
    }
    if (!o.status.ok()) {
        const unsigned long calls = zc_fake_calls_total();
        for (const Status &again : {runStep(*backend.value(), nv12, kSteps[0]), backend.value()->wait(),
                                    backend.value()->copy(nv12.frame(), copy.frame())})
            o.errorChanged = o.errorChanged || again.code() != zc::Code::GpuLost;
        o.callsAfterError = zc_fake_calls_total() - calls;
    }
    o.callsBeforeEnd = zc_fake_calls_total();
}

Outcome lifeWith(unsigned long failAt, int error, bool timed = false)
{
    return understand(zc::test::inChild([&] {
        if (failAt != 0)
            zc_fake_fail(nullptr, failAt, error);
        Outcome o;
        live(o, timed);
        o.calls = zc_fake_calls_total();
        o.failures = zc_fake_failures();
        if (const char *name = zc_fake_call_name(failAt))
            o.failedCall = name;
        o.live = zc_fake_live_text();
        o.misuse = zc_fake_misuse();
        o.depth = zc_fake_stack_depth();
        return tell(o);
    }));
}

bool isOneOf(const std::string &name, std::initializer_list<const char *> names)
{
    for (const char *one : names)
        if (name == one)
            return true;
    return false;
}

// Calls whose failure nobody can be told of, or that only tell more about the GPU.
bool mayFailInSilence(const std::string &call)
{
    return isOneOf(call, {"cuDeviceGetName", "cuDeviceGetAttribute", "cuCtxPopCurrent_v2", "cuMemFree_v2",
                          "cuModuleUnload", "cuStreamDestroy_v2", "cuEventDestroy_v2", "cuDevicePrimaryCtxRelease_v2"});
}

// "cuMemAlloc_v2" is told as cuMemAlloc; waiting is told as such.
bool names(const std::string &message, const std::string &call)
{
    const bool waits = isOneOf(call, {"cuEventRecord", "cuEventSynchronize", "cuStreamSynchronize"});
    return message.find(call.substr(0, call.find("_v"))) != std::string::npos ||
           (waits && message.find("waiting for the GPU") != std::string::npos);
}

// A release that could not make its context current leaks one thing, which goes with the context.
bool leaksOne(const Outcome &o)
{
    return o.failedCall == "cuCtxPushCurrent_v2" && o.misuse.find("goes while it holds 1 ") != std::string::npos;
}

// A release tries once more to make its context current, which costs one call and nothing else.
bool wasTriedAgain(const Outcome &o, unsigned long callsWithoutFault)
{
    return o.failedCall == "cuCtxPushCurrent_v2" && o.calls == callsWithoutFault + 1 && o.misuse.empty();
}

// What a context that could not be made current, or work that could not be waited for, leaves behind of necessity.
std::string avoidable(const Outcome &o)
{
    const bool unwaited =
        isOneOf(o.failedCall, {"cuCtxPushCurrent_v2", "cuEventRecord", "cuEventSynchronize", "cuStreamSynchronize"});
    std::string left;
    std::istringstream lines(o.misuse);
    for (std::string line; std::getline(lines, line, '|');)
        if (!(leaksOne(o) && (o.status.ok() || o.status.code() == zc::Code::GpuLost) &&
              line.find("goes while it holds 1 ") != std::string::npos) &&
            !(unwaited && line.find("was not waited for") != std::string::npos))
            left += line;
    return left;
}

class Faults : public testing::Test {
protected:
    void SetUp() override
    {
        if (zc::cuda::embeddedImages().empty())
            GTEST_SKIP() << "built without nvcc: there is no image to load";
    }
};

TEST_F(Faults, ALifeWithoutFaultIsClean)
{
    for (const bool timed : {false, true}) {
        const Outcome o = lifeWith(0, 0, timed);
        ASSERT_TRUE(o.clean) << o.misuse;
        EXPECT_TRUE(o.status.ok()) << o.status.message();
        EXPECT_EQ(o.live, "");
        EXPECT_EQ(o.misuse, "");
        EXPECT_EQ(o.depth, 0u);
        EXPECT_GT(o.calls, 80u);
    }
}

void sweep(int error, const char *errorName, bool timed)
{
    const Outcome whole = lifeWith(0, 0, timed);
    ASSERT_TRUE(whole.clean && whole.status.ok()) << whole.status.message() << whole.misuse;
    for (unsigned long i = 1; i <= whole.calls; ++i) {
        const Outcome o = lifeWith(i, error, timed);
        const bool ended = i > whole.callsBeforeEnd;
        SCOPED_TRACE("call " + std::to_string(i) + " of " + std::to_string(whole.calls) + ", " + o.failedCall +
                     (ended ? ", at the end" : "") + ", fails with " + errorName);
        ASSERT_TRUE(o.clean) << o.misuse;
        EXPECT_EQ(o.failures, 1u);
        EXPECT_EQ(o.depth, 0u);
        EXPECT_EQ(o.live, "");
        EXPECT_EQ(avoidable(o), "");
        // The times of runs are only measurements: a run without one is none the worse.
        const bool measures = timed && isOneOf(o.failedCall, {"cuCtxPushCurrent_v2", "cuEventCreate", "cuEventRecord",
                                                              "cuEventQuery", "cuEventElapsedTime"});
        const bool swallowed = o.status.ok() && (ended || mayFailInSilence(o.failedCall) || leaksOne(o) || measures ||
                                                 wasTriedAgain(o, whole.calls));
        if (!swallowed) {
            EXPECT_FALSE(o.status.ok());
            EXPECT_NE(o.status.message().find(errorName), std::string::npos) << o.status.message();
            EXPECT_TRUE(names(o.status.message(), o.failedCall)) << o.status.message();
        }
        if (testing::Test::HasFailure())
            return; // the rest would say the same
    }
}

TEST_F(Faults, AnyCallMayFailOnce)
{
    sweep(999, "CUDA_ERROR_UNKNOWN", false);
}

TEST_F(Faults, AnyCallMayFailForWantOfMemory)
{
    sweep(2, "CUDA_ERROR_OUT_OF_MEMORY", true);
}

// A run whose time cannot be taken is done all the same, and a later one is timed again.
TEST_F(Faults, ATimeThatCannotBeTakenIsNoError)
{
    const auto child = zc::test::inChild([]() -> std::string {
        auto context = zc::cuda::PrimaryContext::retain(0);
        Picture picture;
        if (!context || !picture.make(context.value().get(), zc::Format::Rgba).ok())
            return "no picture";
        auto backend = zc::makeCudaBackend();
        if (!backend)
            return backend.status().message();
        std::string told;
        for (const bool fails : {true, false}) {
            if (fails)
                zc_fake_fail("cuEventCreate", 3, 999);
            backend.value()->timeRuns(true);
            double seconds = 0;
            for (const Status &status : {runStep(*backend.value(), picture, kSteps[1]), backend.value()->wait()})
                told += status.message();
            told += backend.value()->takeGpuTime(seconds) ? "timed " : "not timed ";
        }
        return told + std::to_string(zc_fake_failures()) + zc_fake_misuse();
    });
    EXPECT_EQ(child.status, 0);
    EXPECT_EQ(child.text, "not timed timed 1");
}

// From any call on the GPU is lost: one error; whatever is asked later is answered without the driver.
TEST_F(Faults, FromAnyCallOnTheGpuMayBeLost)
{
    const Outcome whole = lifeWith(0, 0);
    ASSERT_TRUE(whole.clean && whole.status.ok()) << whole.status.message() << whole.misuse;
    bool contextMade = false; // there is nothing to lose before
    for (unsigned long i = 1; i <= whole.calls; ++i) {
        const Outcome o = lifeWith(i, 700);
        if (!contextMade) {
            contextMade = o.failedCall == "cuDevicePrimaryCtxRetain";
            continue;
        }
        // Nothing comes after the last call that could notice what it alone was told.
        const bool ended = i >= whole.callsBeforeEnd + (mayFailInSilence(o.failedCall) ? 0 : 1);
        SCOPED_TRACE("from call " + std::to_string(i) + ", " + o.failedCall + (ended ? ", at the end" : ""));
        ASSERT_TRUE(o.clean) << o.misuse;
        EXPECT_EQ(o.depth, 0u);
        EXPECT_EQ(o.live, "");
        EXPECT_EQ(avoidable(o), "");
        if (!ended) {
            EXPECT_EQ(o.status.code(), zc::Code::GpuLost) << o.status.message();
            EXPECT_NE(o.status.message().find("CUDA_ERROR_ILLEGAL_ADDRESS"), std::string::npos) << o.status.message();
            EXPECT_EQ(o.callsAfterError, 0u);
            EXPECT_FALSE(o.errorChanged);
        }
        if (testing::Test::HasFailure())
            return;
    }
}

} // namespace
