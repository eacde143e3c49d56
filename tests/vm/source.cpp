// SPDX-License-Identifier: MIT
// Making and pushing of frames.
#include "source.hpp"

#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

namespace zc::vm {

std::string appLine(const std::string &caps, const std::string &rest)
{
    return "appsrc name=source format=time caps=\"" + caps + "\" ! " + rest;
}

GstMemory *filledMemory(Maker maker, gsize size, unsigned seed)
{
    UniqueFd fd = makeDmabuf(maker, size);
    fillDmabuf(fd.get(), size, seed);
    return wrapDmabuf(std::move(fd), size);
}

GstBuffer *filledBuffer(Maker maker, unsigned seed)
{
    return bufferOf({filledMemory(maker, kFrameBytes, seed)});
}

GstBuffer *bufferOf(std::initializer_list<GstMemory *> memories)
{
    GstBuffer *buffer = gst_buffer_new();
    for (GstMemory *memory : memories)
        gst_buffer_append_memory(buffer, memory);
    return buffer;
}

void push(const Pipeline &pipeline, GstBuffer *buffer, GstClockTime time)
{
    // Somebody else may hold it already, as the tests of shared frames do.
    GST_BUFFER_PTS(buffer) = time;
    gst_app_src_push_buffer(GST_APP_SRC(pipeline.get("source")), buffer);
}

void pushEos(const Pipeline &pipeline)
{
    EXPECT_EQ(gst_app_src_end_of_stream(GST_APP_SRC(pipeline.get("source"))), GST_FLOW_OK);
}

} // namespace zc::vm
