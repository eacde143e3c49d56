// SPDX-License-Identifier: MIT
// DeepStream's batch metadata as its elements attach it, described here once more and on purpose not by the plugin's
// own structs. test_nvbuf_abi.cpp compares it with NVIDIA's headers where they are installed.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace zc::nvmm_test {

struct NvdsBase {
    void *batchMeta;
    gint32 metaType; // 1 batch, 2 frame, 3 object
    void *context;
    void *copy, *release;
};
static_assert(sizeof(NvdsBase) == 40);

struct NvdsBatch {
    NvdsBase base;
    guint32 maxFrames, numFrames;
    void *pools[6];
    GList *frames;
    GList *users;
    GRecMutex mutex;
    gint64 misc[4], reserved[4];
};
static_assert(sizeof(NvdsBatch) == 192 && offsetof(NvdsBatch, numFrames) == 44 && offsetof(NvdsBatch, frames) == 96 &&
              offsetof(NvdsBatch, mutex) == 112);

struct NvdsFrame { // as of DeepStream 8; the parts up to the objects are as in 6
    NvdsBase base;
    guint32 padIndex, batchId;
    gint32 frameNumber;
    guint64 pts, ntp;
    guint32 sourceId;
    gint32 surfacesPerFrame;
    guint32 sourceWidth, sourceHeight;
    guint32 surfaceType, surfaceIndex;
    guint32 numObjects;
    gint32 inferDone;
    GList *objects;
    GList *displays, *users;
    unsigned char rest[232 - 128];
};
static_assert(sizeof(NvdsFrame) == 232 && offsetof(NvdsFrame, pts) == 56 && offsetof(NvdsFrame, sourceId) == 72 &&
              offsetof(NvdsFrame, sourceWidth) == 80 && offsetof(NvdsFrame, numObjects) == 96 &&
              offsetof(NvdsFrame, objects) == 104);

struct NvdsObject { // as of DeepStream 9.1; only what follows the box differs
    NvdsBase base;
    void *parent;
    gint32 componentId, classId;
    guint64 objectId;
    float detectorBox[4], trackerBox[4];
    float confidence, trackerConfidence;
    struct {
        float left, top, width, height;
    } rect;
    unsigned char rest[552 - 120];
};
static_assert(sizeof(NvdsObject) == 552 && offsetof(NvdsObject, componentId) == 48 &&
              offsetof(NvdsObject, classId) == 52 && offsetof(NvdsObject, objectId) == 56 &&
              offsetof(NvdsObject, confidence) == 96 && offsetof(NvdsObject, rect) == 104);

struct NvdsMeta { // a GstMeta
    GstMeta meta;
    void *data, *user;
    gint32 type; // 4097: data is an NvdsBatch
    void *functions[4];
};
static_assert(sizeof(NvdsMeta) == 72 && offsetof(NvdsMeta, data) == 16 && offsetof(NvdsMeta, type) == 32);
inline constexpr gint32 kNvdsBatchType = 4097;

struct Object {
    unsigned surface = 0;
    int component = 1, classId = 0;
    float left = 0, top = 0, width = 0, height = 0;
};

// "0:1:2:10.5:10:20:20;..." surface, component, class, left, top, width, height. False if it does not parse.
bool parseObjects(const std::string &text, std::vector<Object> &objects);

enum class MetaFault { None, Cycle, Nan, Index, Count, Null, Type };

struct BatchDescription {
    unsigned frames = 1; // surface i comes from source 10 + i
    unsigned width = 0, height = 0;
    guint64 frameNumber = 0, pts = 0;
    std::vector<Object> objects;
    bool reversed = false; // frames in the opposite order of the surfaces
    MetaFault fault = MetaFault::None;
};

// Attaches what DeepStream attaches; a copy of the buffer's metas copies it deeply.
void addNvdsMeta(GstBuffer *buffer, const BatchDescription &batch);

// How many of them are alive, of all buffers; how many copies were ever made.
unsigned liveNvdsMetas();
unsigned copiedNvdsMetas();

} // namespace zc::nvmm_test
