// SPDX-License-Identifier: MIT
// Each call of libnvbufsurface and each call of the driver's for graphics failing once: one error that says so, the
// next frames well, and nothing left behind.
#include "nvmm_rig.hpp"

namespace zc::test {
namespace {

constexpr int kDevice = fake_nvbuf::kMemCudaDevice, kArray = fake_nvbuf::kMemSurfaceArray;

struct Scene {
    const char *name;
    int memType;
    bool blockLinear;
    const char *element;
    bool shared; // pushes frames that somebody else holds
    unsigned batch = 1;
};

const Scene kScenes[] = {
    {"device", kDevice, false, "cudazerocopy kernel=invert", false},
    {"array", kArray, false, "cudazerocopy kernel=invert", false},
    {"block-linear", kArray, true, "cudazerocopy kernel=invert", false, 2},
    {"array on the CPU", kArray, false, "cudazerocopy kernel=invert device=cpu", false, 2},
    {"copied device", kDevice, false, "cudazerocopy kernel=invert on-shared=copy", true},
    {"copied array", kArray, false, "cudazerocopy kernel=invert on-shared=copy", true},
    {"copied block-linear", kArray, true, "cudazerocopy kernel=invert on-shared=copy", true},
    {"array copied on the CPU", kArray, false, "cudazerocopy kernel=invert device=cpu on-shared=copy", true},
};

// On a Jetson with the RM driver (FAKE_NVBUF_PLATFORM=rm) CUDA's buffers take the place of EGLImages, which the
// stand-in does not hand out there.
std::vector<Scene> scenes()
{
    std::vector<Scene> all;
    const bool rm = g_strcmp0(g_getenv("FAKE_NVBUF_PLATFORM"), "rm") == 0;
    for (const Scene &scene : kScenes)
        if (!rm || !scene.blockLinear)
            all.push_back(scene);
    return all;
}

struct Outcome {
    unsigned passed = 0, failed = 0;
    std::vector<std::string> errors;
};

class NvmmFaults : public Nvmm {
protected:
    // Three frames from a pool of two, so that one surface comes again.
    static Outcome run(const Scene &scene)
    {
        Outcome outcome;
        nvmm_test::Settings settings = surfaces(scene.memType);
        settings.blockLinear = scene.blockLinear;
        settings.batchSize = scene.batch;
        settings.poolSize = 2;
        NvmmFeed feed(settings, nvmmCaps("NV12"));
        ElementHarness harness(scene.element, feed.caps());
        for (int i = 0; i < 3; ++i) {
            Buffer buffer = feed.next();
            const Buffer held(scene.shared ? gst_buffer_ref(buffer.get()) : gst_buffer_new());
            (harness.push(std::move(buffer)) == GST_FLOW_OK ? outcome.passed : outcome.failed)++;
            harness.pull();
        }
        outcome.errors = textsOf(GST_ELEMENT_BUS(harness.element()), GST_MESSAGE_ERROR);
        return outcome;
    }

    void checkAfter(const std::string &what)
    {
        EXPECT_STREQ(zc_nvbuf_misuse(), "") << what;
        EXPECT_EQ(zc_nvbuf_live(nullptr), 0u) << what << ": " << zc_nvbuf_live_text();
        EXPECT_STREQ(zc_fake_misuse(), "") << what;
        EXPECT_EQ(zc_fake_live(nullptr), 0u) << what << ": " << zc_fake_live_text();
        zc_nvbuf_reset();
        zc_fake_reset();
    }
};

TEST_F(NvmmFaults, WithoutAny)
{
    for (const Scene &scene : scenes()) {
        const Outcome outcome = run(scene);
        EXPECT_EQ(outcome.passed, 3u) << scene.name << ": " << lines(outcome.errors);
        EXPECT_TRUE(outcome.errors.empty()) << scene.name << ": " << lines(outcome.errors);
        checkAfter(scene.name);
    }
}

TEST_F(NvmmFaults, EachLibraryCallOnce)
{
    run(kScenes[1]); // what is asked when the library is loaded is asked once a process
    checkAfter("loading");
    for (const Scene &scene : scenes()) {
        run(scene);
        std::vector<std::string> calls;
        for (unsigned long i = 1; i <= zc_nvbuf_calls_total(); ++i)
            calls.push_back(zc_nvbuf_call_name(i));
        checkAfter(scene.name);
        for (unsigned long n = 1; n <= calls.size(); ++n) {
            const std::string &function = calls[n - 1];
            const std::string what = std::string(scene.name) + ", call " + std::to_string(n) + " (" + function + ")";
            zc_nvbuf_fail(nullptr, n);
            const Outcome outcome = run(scene);
            EXPECT_EQ(zc_nvbuf_failures(), 1u) << what;
            const bool givesBack = function == "NvBufSurfaceDestroy" || function == "NvBufSurfaceUnMap" ||
                                   function == "NvBufSurfaceUnMapEglImage" || function == "NvBufSurfaceUnMapCudaBuffer";
            // Nothing can be done about what cannot be given back.
            EXPECT_EQ(outcome.failed, givesBack ? 0u : 1u) << what << ": " << lines(outcome.errors);
            EXPECT_EQ(outcome.errors.size(), givesBack ? 0u : 1u) << what << ": " << lines(outcome.errors);
            for (const std::string &error : outcome.errors)
                EXPECT_TRUE(contains(error, function)) << what << ": " << error;
            checkAfter(what);
        }
    }
}

TEST_F(NvmmFaults, EachGraphicsCallOnce)
{
    const char *const functions[] = {"cuGraphicsEGLRegisterImage",   "cuGraphicsResourceGetMappedEglFrame",
                                     "cuSurfObjectCreate",           "cuPointerGetAttribute",
                                     "cuGraphicsUnregisterResource", "cuSurfObjectDestroy"};
    for (const Scene &scene : scenes()) {
        for (const char *function : functions) {
            run(scene);
            const unsigned long calls = zc_fake_calls(function);
            checkAfter(scene.name);
            const bool givesBack = contains(function, "Unregister") || contains(function, "Destroy");
            for (unsigned long n = 1; n <= calls; ++n) {
                const std::string what = std::string(scene.name) + ", " + function + " " + std::to_string(n);
                zc_fake_fail(function, n, 999);
                const Outcome outcome = run(scene);
                EXPECT_EQ(outcome.errors.size(), outcome.failed) << what;
                EXPECT_LE(outcome.failed, givesBack ? 0u : 1u) << what << ": " << lines(outcome.errors);
                checkAfter(what);
            }
        }
    }
}

} // namespace
} // namespace zc::test
