// SPDX-License-Identifier: MIT
// The stand-in driver around each test: a fresh machine before it, nothing left and nothing misused after it.
#pragma once

#include "fake_cuda.h"
#include "rig.hpp"

namespace zc::test {

class FakeGpu : public testing::Test {
protected:
    FakeGpu() : depth_(zc_fake_stack_depth()) { zc_fake_reset(); }
    ~FakeGpu() override
    {
        EXPECT_STREQ(zc_fake_misuse(), "");
        EXPECT_EQ(zc_fake_live(nullptr), 0U) << zc_fake_live_text();
        EXPECT_EQ(zc_fake_stack_depth(), depth_);
    }

private:
    // Plugins that are scanned inside this process, as under sanitizers, may leave contexts behind: nvcodec does.
    unsigned long depth_;
};

inline constexpr const char *kSmall = "video/x-raw,format=NV12,width=64,height=48,framerate=30/1";

inline unsigned long registrations()
{
    return zc_fake_live("registration");
}

// Frames of plain memory that came through in place.
inline void pushFrames(ElementHarness &h, const char *caps, unsigned count)
{
    const GstVideoInfo info = infoOf(caps);
    for (unsigned i = 0; i < count; ++i) {
        Buffer buffer = makeBuffer(info, {.name = ""}, i);
        const GstBuffer *sent = buffer.get();
        ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
        EXPECT_EQ(h.pull().get(), sent);
    }
}

} // namespace zc::test
