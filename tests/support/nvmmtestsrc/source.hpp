// SPDX-License-Identifier: MIT
// What nvmmtestsrc does, without GObject around it.
#pragma once

#include "memory.hpp"
#include "nvds.hpp"

#include <set>
#include <string>

namespace zc::nvmm_test {

enum class Recycle {
    Buffers,  // a pool's: the same GstMemory comes back
    Surfaces, // the same surface comes back in a new GstMemory
    Nothing,
};

// Who maps the EGLImages of surface arrays.
enum class EglUse {
    Users,    // whoever wants them
    Producer, // mapped for the life of the surface; nobody else may unmap them
    Changing, // mapped anew for each frame
    Rude,     // the producer unmaps what users have mapped, before each frame
};

enum class CapsFields { Producer, None };

struct Settings {
    int memType = fake_nvbuf::kMemCudaDevice;
    bool showDefault = false; // the struct says memType 0
    bool blockLinear = false, contiguous = false;
    unsigned batchSize = 1, numFilled = 0, gpuId = 0, poolSize = 4;
    int colorFormat = -1; // -1: what the caps mean
    Producer producer = Producer::Nvds;
    Recycle recycle = Recycle::Buffers;
    EglUse egl = EglUse::Users;
    CapsFields fields = CapsFields::Producer;
    Break fault = Break::None;
    int breakAt = -1; // the frame that is broken; -1: all
    bool meta = false, metaReversed = false;
    std::string objects;
    bool draw = true;
};

// NVIDIA's number for the caps' format and colours; -1 if there is none.
int colorFormatOf(const GstVideoInfo &info);

class Source {
public:
    // Adds what the producer of the settings puts into its caps.
    static void completeCaps(GstStructure *caps, const Settings &settings);

    // Empty if all is well, else what is wrong.
    std::string start(const Settings &settings, const GstVideoInfo &info, GstCaps *caps);
    void stop();
    // Null with `why` set on failure. Waits while all buffers are out.
    GstBuffer *next(std::string &why);
    // Makes a waiting next() come back.
    void flush(bool on);

private:
    GstBuffer *acquire();
    bool draw(SurfaceMemory &memory);
    void prepareEgl(SurfaceMemory &memory);
    GstBuffer *spoilBuffer(GstBuffer *buffer);
    void addMeta(GstBuffer *buffer);
    bool breaksNow() const { return settings_.breakAt < 0 || static_cast<guint64>(settings_.breakAt) == frame_; }

    Settings settings_;
    GstVideoInfo info_{};
    std::shared_ptr<SurfaceStore> store_;
    GstBufferPool *pool_ = nullptr;
    std::set<void *> mapped_; // surfaces whose EGLImages the producer has mapped for good
    std::vector<Object> objects_;
    guint64 frame_ = 0;
};

} // namespace zc::nvmm_test
