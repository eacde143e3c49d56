// SPDX-License-Identifier: MIT
// Whether this process can use memory:GLMemory, and the display and context of OpenGL that an element shares with its
// neighbours. No type of gstgl is needed to include this.
#pragma once

#include "core/status.hpp"

#include <gst/gst.h>

#include <atomic>
#include <mutex>

typedef struct _GstGLContext GstGLContext; // of <gst/gl/gstglcontext.h>
typedef struct _GstGLDisplay GstGLDisplay; // of <gst/gl/gstgldisplay.h>

namespace zc::gst {

// Whether gstgl was there when this was built, with EGL. Where it was not, the functions below answer "no".
bool glMemoryBuilt();

// The CUDA device that draws for a context of GstGL. Unsupported, with what to type instead, if the context is not one
// of EGL or not on a GPU of NVIDIA's. Any thread.
Result<int> gpuOfGlContext(GstGLContext *context);

// For tests: what tells the GPU of an EGLDisplay. Null: EGL.
using GpuOfDisplayFn = Result<int> (*)(void *display);
void setGpuOfDisplay(GpuOfDisplayFn tell);

// The display of a pipeline is one: whoever needs it first asks the others, or makes it and tells them.
class GlContexts {
public:
    explicit GlContexts(GstElement *element) : element_(element) {}
    GlContexts(const GlContexts &) = delete;
    GlContexts &operator=(const GlContexts &) = delete;
    ~GlContexts() { release(); }

    // What GstElement's set_context was given; ignored if it is of another type. Any thread.
    void take(GstContext *context);

    // Answers a CONTEXT query about OpenGL with what is at hand; false if that is nothing. Any thread.
    bool answer(GstQuery *query) const;

    // Whether GL memory that is made around the element can be worked on, on the GPU `deviceId` (-1: any). Where there
    // is no display yet, `mayOpen` says whether one is worth opening. Asks neighbours, so no lock may be held. Any
    // thread.
    Status reachable(int deviceId, bool mayOpen);

    // The context of a buffer, which neighbours are then given, too. Streaming thread.
    void adopt(GstGLContext *context);

    // A context to make memory in: the one adopted last, a neighbour's, one of the display's, or a new one. Null if
    // there is no display. Transfer: full. Asks neighbours, so no lock may be held.
    GstGLContext *ensure();

    // What the application set comes back with the next question.
    void release();

private:
    GstGLDisplay *findDisplay();       // transfer: full, or null
    GstGLDisplay *openDisplay();       // transfer: full
    GstGLContext *findContext() const; // transfer: full, or null
    GstGLDisplay *keep(GstGLDisplay *display);

    GstElement *element_; // borrowed
    mutable std::mutex mutex_;
    GstGLDisplay *display_ = nullptr; // under the mutex, owned
    GstGLContext *app_ = nullptr;     // under the mutex, owned: what the application shares
    GstGLContext *own_ = nullptr;     // under the mutex, owned: adopted or made
    std::atomic<bool> asked_{false};  // the application, which need not be told twice
};

} // namespace zc::gst
