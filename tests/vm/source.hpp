// SPDX-License-Identifier: MIT
// Frames made by the test, pushed through appsrc.
#pragma once

#include "dmabufs.hpp"
#include "pipeline.hpp"

namespace zc::vm {

constexpr int kWidth = 64;
constexpr int kHeight = 48;
constexpr gsize kLuma = gsize{kWidth} * kHeight;
constexpr gsize kFrameBytes = kLuma * 3 / 2; // NV12

// Legacy DMABuf caps, the newer ones, and plain ones.
constexpr const char *kDmabufCaps = "video/x-raw(memory:DMABuf),format=NV12,width=64,height=48,framerate=30/1";
constexpr const char *kDrmCaps =
    "video/x-raw(memory:DMABuf),format=DMA_DRM,width=64,height=48,framerate=30/1,drm-format=NV12";
constexpr const char *kPlainCaps = "video/x-raw,format=NV12,width=64,height=48,framerate=30/1";

// appsrc name=source, then `rest`.
std::string appLine(const std::string &caps, const std::string &rest);

// Filled dmabufs, one memory each.
GstMemory *filledMemory(Maker maker, gsize size, unsigned seed);
GstBuffer *filledBuffer(Maker maker, unsigned seed);
GstBuffer *bufferOf(std::initializer_list<GstMemory *> memories);

// Takes the buffer.
void push(const Pipeline &pipeline, GstBuffer *buffer, GstClockTime time = 0);
void pushEos(const Pipeline &pipeline);

} // namespace zc::vm
