// SPDX-License-Identifier: MIT
// memory:GLMemory of gstgl: RGBA textures, written in place by CUDA through EGLImages.
#pragma once

#include "gl_context.hpp"
#include "importer.hpp"

namespace zc::gst {

// Null in a build without gstgl, for device=cpu, and where the site has no GlContexts.
std::unique_ptr<Importer> makeGlMemoryImporter(const ImportSite &site);

// Adds a pool of GL memory to an allocation query about GLMemory caps that has none. False if it has none in the end;
// `contexts` is asked for one only then.
bool proposeGlPool(GstQuery *query, GlContexts &contexts);

// For tests: takes the place of EGL where a texture becomes an EGLImage. Called on the GL thread; the image is
// destroyed on any. Null: EGL.
struct GlImageMaker {
    void *(*make)(GstMemory *memory);
    void (*destroy)(void *image);
};
void setGlImageMaker(const GlImageMaker *maker);

} // namespace zc::gst
