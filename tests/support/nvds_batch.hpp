// SPDX-License-Identifier: MIT
// NvDsBatchMeta as DeepStream lays it out, up to the last field that may be read, on any buffer.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>

namespace zc::test {

// Must outlive the buffers that it is attached to. What the element has no business to read is filled with 0xa5, and
// nothing lies behind the last field, so that a sanitizer sees who reads on.
class NvdsBatch {
public:
    struct Object {
        gint component, classId;
        float left, top, width, height;
    };

    NvdsBatch() { put<GList *>(batch_, 96, nullptr); }
    NvdsBatch(const NvdsBatch &) = delete;
    NvdsBatch &operator=(const NvdsBatch &) = delete;

    // Objects that are added later belong to the frame added last.
    NvdsBatch &frame(guint batchId, guint source = 0)
    {
        Block &made = frames_.emplace_back(112);
        put(made, 44, batchId);
        put(made, 72, source);
        put<GList *>(made, 104, nullptr);
        append(frameList_, batch_, 96, made.data());
        objectList_ = nullptr;
        return *this;
    }
    NvdsBatch &object(const Object &object)
    {
        Block &made = objects_.emplace_back(120);
        put(made, 48, object.component);
        put(made, 52, object.classId);
        put(made, 104, object.left);
        put(made, 108, object.top);
        put(made, 112, object.width);
        put(made, 116, object.height);
        append(objectList_, frames_.back(), 104, made.data());
        return *this;
    }
    NvdsBatch &box(float left, float top, float width, float height)
    {
        return object({1, 0, left, top, width, height});
    }

    // For broken lists: an entry that leads to `data`, and the nodes themselves.
    void appendObjectEntry(gpointer data) { append(objectList_, frames_.back(), 104, data); }
    void appendFrameEntry(gpointer data) { append(frameList_, batch_, 96, data); }
    GList *lastFrameNode() { return frameList_; }
    GList *lastObjectNode() { return objectList_; }
    GList *node(std::size_t index) { return &nodes_[index]; } // in the order of adding

    void attachTo(GstBuffer *buffer, gint type = 4097) { attach(buffer, batch_.data(), type); }
    static void attach(GstBuffer *buffer, gpointer data, gint type = 4097)
    {
        auto *meta = reinterpret_cast<Meta *>(gst_buffer_add_meta(buffer, info(), nullptr));
        meta->data = data;
        meta->type = type;
    }
    static void removeFrom(GstBuffer *buffer)
    {
        while (GstMeta *old = gst_buffer_get_meta(buffer, info()->api))
            gst_buffer_remove_meta(buffer, old);
    }

private:
    struct Meta {
        GstMeta meta;
        gpointer data, user;
        gint type;
        gpointer more[4]; // functions and a quark
    };
    static_assert(sizeof(Meta) == 72 && offsetof(Meta, data) == 16 && offsetof(Meta, type) == 32);

    static gboolean init(GstMeta *meta, gpointer, GstBuffer *)
    {
        std::memset(reinterpret_cast<std::byte *>(meta) + sizeof(GstMeta), 0, sizeof(Meta) - sizeof(GstMeta));
        return TRUE;
    }
    static gboolean carry(GstBuffer *to, GstMeta *meta, GstBuffer *, GQuark, gpointer)
    {
        const auto *from = reinterpret_cast<const Meta *>(meta);
        attach(to, from->data, from->type);
        return TRUE;
    }
    static const GstMetaInfo *info()
    {
        static const gchar *tags[] = {"nvdsmeta", nullptr};
        static const GType api = gst_meta_api_type_register("ZcTestNvdsMetaAPI", tags);
        static const GstMetaInfo *made = gst_meta_register(api, "ZcTestNvdsMeta", sizeof(Meta), init, nullptr, carry);
        return made;
    }

    // A block of its own on the heap.
    class Block {
    public:
        explicit Block(std::size_t size) : bytes_(new std::byte[size]) { std::memset(bytes_.get(), 0xa5, size); }
        std::byte *data() { return bytes_.get(); }

    private:
        std::unique_ptr<std::byte[]> bytes_;
    };

    template <class T> static void put(Block &block, std::size_t offset, T value)
    {
        std::memcpy(block.data() + offset, &value, sizeof value);
    }
    void append(GList *&last, Block &owner, std::size_t offset, gpointer data)
    {
        GList &node = nodes_.emplace_back(GList{data, nullptr, last});
        if (last != nullptr)
            last->next = &node;
        else
            put<GList *>(owner, offset, &node);
        last = &node;
    }

    Block batch_{104};
    std::deque<Block> frames_, objects_;
    std::deque<GList> nodes_;
    GList *frameList_ = nullptr, *objectList_ = nullptr;
};

} // namespace zc::test
