// SPDX-License-Identifier: MIT
// Dmabufs that a GPU reaches through EGL: tried once for each kind, remembered, and kept as long as the memory.
#pragma once

#include "import_cache.hpp"
#include "importer.hpp"
#include "memory/dmabuf_import.hpp"

#include <memory>
#include <string>
#include <sys/types.h>

namespace zc::gst {

// One importer's, used from its streaming thread. Only buffers of one linear dmabuf; all others are mapped.
class DmabufImages {
public:
    // `element` speaks in the log; borrowed. Without a GPU, nothing is ever placed.
    DmabufImages(GstElement *element, std::shared_ptr<HostGpu> gpu) : element_(element), gpu_(std::move(gpu)) {}

    // Whether to ask place() before the mapping; otherwise it is worth asking when that has failed.
    bool comeFirst(const BufferLayout &layout, const Negotiated &negotiated) const;

    // Places the frame on the GPU and waits for others' work on it; false if the memory is to be mapped instead. What
    // is not known yet is tried only for writing, when the memory is ours alone. A kind that worked before is an error
    // now.
    Result<bool> place(const BufferLayout &layout, const Negotiated &negotiated, Access access, Frame &frame);

    // Ends the use of what was placed.
    void endFrame() { used_.reset(); }
    void clear() { cache_.clear(); }

    guint64 imports() const { return imports_; }

private:
    struct Entry {
        egl::DmabufPicture picture; // as it was imported; the descriptor's number may mean another file later
        ino_t file = 0;
        DmabufImport import;
    };

    DmabufKind kindOf(const BufferLayout &layout, const Negotiated &negotiated) const;
    Result<std::shared_ptr<Entry>> newEntry(const DmabufKind &kind, const egl::DmabufPicture &picture, Frame &frame);
    bool giveUp(const DmabufKind &kind, const Status &why);

    GstElement *element_;
    std::shared_ptr<HostGpu> gpu_;
    ImportCache<Entry> cache_;
    std::shared_ptr<Entry> used_;
    guint64 imports_ = 0;
};

} // namespace zc::gst
