// SPDX-License-Identifier: MIT
// The build without gstgl: no GLMemory, and whoever asks is told why.
#include "gl_memory.hpp"

namespace zc::gst {

bool glMemoryBuilt()
{
    return false;
}

void setGpuOfDisplay(GpuOfDisplayFn) {}

Result<int> gpuOfGlContext(GstGLContext *)
{
    return Status{Code::Unsupported, "memory:GLMemory is not built into this version (no GStreamer OpenGL library with "
                                     "EGL, or no CUDA, when it was built)"};
}

void GlContexts::take(GstContext *) {}

bool GlContexts::answer(GstQuery *) const
{
    return false;
}

Status GlContexts::reachable(int, bool)
{
    return gpuOfGlContext(nullptr).status();
}

void GlContexts::adopt(GstGLContext *) {}

GstGLContext *GlContexts::ensure()
{
    return nullptr;
}

void GlContexts::release() {}

std::unique_ptr<Importer> makeGlMemoryImporter(const ImportSite &)
{
    return nullptr;
}

bool proposeGlPool(GstQuery *, GlContexts &)
{
    return false;
}

void setGlImageMaker(const GlImageMaker *) {}

} // namespace zc::gst
