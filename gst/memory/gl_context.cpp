// SPDX-License-Identifier: MIT
// Displays and contexts of GstGL, found at the neighbours and handed on.
#include "gl_context.hpp"

#include "../gst_ptr.hpp"
#include "../log.hpp"
#include "egl/display.hpp"

#include <gst/gl/egl/gstgldisplay_egl.h>
#include <gst/gl/gl.h>

#include <memory>
#include <string>
#include <utility>

namespace zc::gst {
namespace {

std::atomic<GpuOfDisplayFn> tellGpu{nullptr};

struct Unref {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using DisplayPtr = std::unique_ptr<GstGLDisplay, Unref>;
using GlContextPtr = std::unique_ptr<GstGLContext, Unref>;

Status notEgl(const char *what)
{
    return {Code::Unsupported, std::string("memory:GLMemory needs OpenGL through EGL, but ") + what +
                                   "; set GST_GL_PLATFORM=egl in the environment of the pipeline, or put gldownload "
                                   "before cudazerocopy"};
}

// GstGL makes contexts of GLX for a display of X11 unless it is told otherwise.
bool willBeEgl(GstGLDisplay *display)
{
    constexpr unsigned kAlways = GST_GL_DISPLAY_TYPE_EGL | GST_GL_DISPLAY_TYPE_EGL_DEVICE | GST_GL_DISPLAY_TYPE_GBM |
                                 GST_GL_DISPLAY_TYPE_WAYLAND | (1U << 12); // EGL_SURFACELESS of GStreamer 1.24
    const unsigned type = gst_gl_display_get_handle_type(display);
    if ((type & kAlways) != 0 && type != GST_GL_DISPLAY_TYPE_ANY)
        return true;
    const char *wanted = g_getenv("GST_GL_PLATFORM");
    return type == GST_GL_DISPLAY_TYPE_X11 && wanted != nullptr && g_str_has_prefix(wanted, "egl");
}

Result<int> gpuOfGlDisplay(GstGLDisplay *display)
{
    // Of itself if it is one already; otherwise made once and kept by `display`.
    const std::unique_ptr<GstGLDisplayEGL, Unref> egl(gst_gl_display_egl_from_gl_display(display));
    auto *handle = egl ? reinterpret_cast<egl::Display>(gst_gl_display_get_handle(GST_GL_DISPLAY(egl.get()))) : nullptr;
    if (handle == nullptr)
        return notEgl("the pipeline's display has none");
    const GpuOfDisplayFn tell = tellGpu;
    const Result<int> gpu = tell != nullptr ? tell(handle) : egl::gpuOfDisplay(handle);
    if (gpu)
        return gpu;
    return Status{gpu.status().code(),
                  "memory:GLMemory needs OpenGL on a GPU of NVIDIA's: " + gpu.status().message() +
                      "; put gldownload before cudazerocopy, or let NVIDIA's driver do the drawing "
                      "(GST_GL_WINDOW=egl-device without a window system)"};
}

Status checkGpu(const Result<int> &gpu, int deviceId)
{
    if (!gpu || deviceId < 0 || gpu.value() == deviceId)
        return gpu.status();
    const std::string found = std::to_string(gpu.value());
    return {Code::InvalidArgument, "OpenGL draws on GPU " + found + ", but cuda-device-id=" + std::to_string(deviceId) +
                                       "; set cuda-device-id=" + found + " or -1"};
}

// One of those that the display has, or a new one. Transfer: full, or null.
GstGLContext *contextOf(GstGLDisplay *display, GstGLContext *shared)
{
    GstGLContext *context = nullptr;
    GST_OBJECT_LOCK(display); // as all three functions want it
    do {                      // a context that somebody else added meanwhile is the better one
        gst_clear_object(&context);
        context = gst_gl_display_get_gl_context_for_thread(display, nullptr);
        if (context == nullptr && !gst_gl_display_create_context(display, shared, &context, nullptr))
            break;
    } while (!gst_gl_display_add_context(display, context));
    GST_OBJECT_UNLOCK(display);
    return context;
}

// What a neighbour answers, or null. Transfer: full.
GstContext *askNeighbour(GstElement *element, GstPadDirection direction)
{
    GstQuery *query = gst_query_new_context(GST_GL_DISPLAY_CONTEXT_TYPE);
    GstContext *found = nullptr;
    GList *pads = direction == GST_PAD_SRC ? element->srcpads : element->sinkpads;
    if (pads != nullptr && gst_pad_peer_query(GST_PAD(pads->data), query))
        gst_query_parse_context(query, &found);
    if (found != nullptr)
        gst_context_ref(found);
    gst_query_unref(query);
    return found;
}

} // namespace

bool glMemoryBuilt()
{
    return true;
}

void setGpuOfDisplay(GpuOfDisplayFn tell)
{
    tellGpu = tell;
}

Result<int> gpuOfGlContext(GstGLContext *context)
{
    if ((gst_gl_context_get_gl_platform(context) & GST_GL_PLATFORM_EGL) == 0)
        return notEgl("its context is one of GLX");
    const DisplayPtr display(gst_gl_context_get_display(context));
    return gpuOfGlDisplay(display.get());
}

void GlContexts::take(GstContext *context)
{
    if (context == nullptr)
        return;
    const std::lock_guard lock(mutex_);
    gst_gl_handle_set_context(element_, context, &display_, &app_);
}

bool GlContexts::answer(GstQuery *query) const
{
    const std::lock_guard lock(mutex_);
    return display_ != nullptr && gst_gl_handle_context_query(element_, query, display_, own_, app_);
}

// Takes the reference; gives one to the display that is in force, which may be another thread's. Transfer: full.
GstGLDisplay *GlContexts::keep(GstGLDisplay *display)
{
    DisplayPtr late(display);
    const std::lock_guard lock(mutex_);
    if (display_ == nullptr)
        display_ = late.release();
    return static_cast<GstGLDisplay *>(gst_object_ref(display_));
}

GstGLDisplay *GlContexts::openDisplay()
{
    GstGLDisplay *display = keep(gst_gl_display_new());
    gst_gl_element_propagate_display_context(element_, display);
    return display;
}

GstGLDisplay *GlContexts::findDisplay()
{
    const auto known = [this] {
        const std::lock_guard lock(mutex_);
        return display_ != nullptr ? static_cast<GstGLDisplay *>(gst_object_ref(display_)) : nullptr;
    };
    if (GstGLDisplay *display = known())
        return display;
    // Kept by the base class across stop and start.
    ContextPtr context(gst_element_get_context(element_, GST_GL_DISPLAY_CONTEXT_TYPE));
    for (const GstPadDirection direction : {GST_PAD_SRC, GST_PAD_SINK}) {
        if (!context)
            context.reset(askNeighbour(element_, direction));
    }
    GstGLDisplay *found = nullptr;
    if (context && gst_context_get_gl_display(context.get(), &found))
        return keep(found);
    if (asked_.exchange(true))
        return nullptr;
    // Whoever knows answers at once, through take().
    gst_element_post_message(element_, gst_message_new_need_context(GST_OBJECT(element_), GST_GL_DISPLAY_CONTEXT_TYPE));
    return known();
}

GstGLContext *GlContexts::findContext() const
{
    {
        const std::lock_guard lock(mutex_);
        if (own_ != nullptr)
            return static_cast<GstGLContext *>(gst_object_ref(own_));
    }
    GstGLContext *context = nullptr;
    if (!gst_gl_query_local_gl_context(element_, GST_PAD_SRC, &context))
        gst_gl_query_local_gl_context(element_, GST_PAD_SINK, &context);
    return context;
}

Status GlContexts::reachable(int deviceId, bool mayOpen)
{
    if (const GlContextPtr context(findContext()); context)
        return checkGpu(gpuOfGlContext(context.get()), deviceId);
    DisplayPtr display(findDisplay());
    if (!display && mayOpen)
        display.reset(openDisplay());
    if (!display)
        return {Code::NotFound, "memory:GLMemory is not offered: nothing in the pipeline has a display of OpenGL"};
    if (!willBeEgl(display.get()))
        return notEgl("contexts of this display are those of GLX");
    return checkGpu(gpuOfGlDisplay(display.get()), deviceId);
}

void GlContexts::adopt(GstGLContext *context)
{
    const DisplayPtr display(gst_gl_context_get_display(context));
    const std::lock_guard lock(mutex_);
    if (own_ == context)
        return;
    gst_object_replace(reinterpret_cast<GstObject **>(&own_), GST_OBJECT(context));
    gst_object_replace(reinterpret_cast<GstObject **>(&display_), GST_OBJECT(display.get()));
}

GstGLContext *GlContexts::ensure()
{
    if (GstGLContext *context = findContext())
        return context;
    const DisplayPtr display(findDisplay());
    if (!display)
        return nullptr;
    GlContextPtr shared;
    {
        const std::lock_guard lock(mutex_);
        shared.reset(app_ != nullptr ? static_cast<GstGLContext *>(gst_object_ref(app_)) : nullptr);
    }
    const GlContextPtr context(contextOf(display.get(), shared.get()));
    if (!context) {
        GST_CAT_WARNING_OBJECT(logImport, element_, "no context of OpenGL can be made");
        return nullptr;
    }
    const std::lock_guard lock(mutex_);
    if (own_ == nullptr)
        own_ = static_cast<GstGLContext *>(gst_object_ref(context.get()));
    return static_cast<GstGLContext *>(gst_object_ref(own_));
}

void GlContexts::release()
{
    GstGLContext *own = nullptr, *app = nullptr;
    GstGLDisplay *display = nullptr;
    {
        const std::lock_guard lock(mutex_);
        own = std::exchange(own_, nullptr);
        app = std::exchange(app_, nullptr);
        display = std::exchange(display_, nullptr);
    }
    asked_ = false;
    // The last reference of a context ends its thread.
    gst_clear_object(&own);
    gst_clear_object(&app);
    gst_clear_object(&display);
}

} // namespace zc::gst
