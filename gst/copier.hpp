// SPDX-License-Identifier: MIT
// A copy of a shared buffer that may be written: same kind of memory, same pixels, same metas.
#pragma once

#include "compute.hpp"
#include "memory/importer.hpp"

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <vector>

namespace zc::gst {

// Streaming thread only. The destination is opened with the caller's importer, so that the mapping made for the copy
// serves the kernel as well; the source has importers of its own.
class Copier {
public:
    Copier() = default;
    Copier(const Copier &) = delete;
    Copier &operator=(const Copier &) = delete;
    ~Copier() { clear(); }

    void start(const ImportSite &site);
    void clear();
    // Transfer: full. `caps` are the negotiated ones; the pool of `srcpad`'s peer is asked for once.
    Result<GstBuffer *> copy(GstBuffer *source, const Negotiated &negotiated, GstCaps *caps, GstPad *srcpad,
                             Importer &destination, Compute &compute);
    ImportCounters counters() const;
    // Forgets downstream's pool (the next copy asks again) and every cached import.
    void forget();
    // Downstream is, or wants, somebody else: the next copy asks for the pool again. Any thread.
    void reconfigure() { askAgain_ = true; }

private:
    Status copyPixels(GstBuffer *from, const BufferLayout &fromLayout, GstBuffer *to, const Negotiated &negotiated,
                      Importer &reader, Importer &destination, Compute &compute);

    std::vector<std::unique_ptr<Importer>> readers_;
    GstBufferPool *pool_ = nullptr; // downstream's, owned; null if it has none
    bool asked_ = false;
    std::atomic<bool> askAgain_{false};
};

// The importer that knows the buffer's memory, which came under these caps, or null.
Importer *findImporter(const std::vector<std::unique_ptr<Importer>> &importers, GstBuffer *buffer,
                       const Negotiated &negotiated);

// "2 memories: SystemMemory, dmabuf", for messages.
std::string describeMemory(GstBuffer *buffer);

} // namespace zc::gst
