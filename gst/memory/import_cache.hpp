// SPDX-License-Identifier: MIT
// What was made for a GstMemory, kept until that memory dies.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace zc::gst {

// One per importer and keyed by memory, because two elements may import the same memory on two threads.
//
// The weak reference of a memory is never taken back: gst_mini_object_weak_unref() races with the death of the object
// on another thread. The shared state outlives the cache instead, and a late notice finds nothing to do. clear()
// therefore keeps the (empty) slots, so that a memory that lives on gets no second weak reference.
//
// An entry is destroyed on the thread that drops the memory, or calls clear(), outside the lock.
template <class Entry> class ImportCache {
public:
    ImportCache() : state_(std::make_shared<State>()) {}
    ImportCache(const ImportCache &) = delete;
    ImportCache &operator=(const ImportCache &) = delete;
    ~ImportCache() { clear(); }

    // Null if there is none.
    std::shared_ptr<Entry> find(GstMemory *memory) const
    {
        const std::lock_guard lock(state_->mutex);
        const auto slot = state_->slots.find(memory);
        return slot == state_->slots.end() ? nullptr : slot->second;
    }

    // The first entry for which the predicate holds, or null.
    template <class Predicate> std::shared_ptr<Entry> findIf(Predicate predicate) const
    {
        const std::lock_guard lock(state_->mutex);
        for (const auto &slot : state_->slots) {
            if (slot.second && predicate(*slot.second))
                return slot.second;
        }
        return nullptr;
    }

    // Replaces what was there. The caller must hold a reference to the memory.
    void put(GstMemory *memory, std::shared_ptr<Entry> entry)
    {
        bool watched = true;
        {
            const std::lock_guard lock(state_->mutex);
            const auto [slot, added] = state_->slots.try_emplace(memory);
            std::swap(slot->second, entry);
            watched = !added;
        }
        if (!watched)
            gst_mini_object_weak_ref(GST_MINI_OBJECT_CAST(memory), memoryDied, new std::shared_ptr<State>(state_));
    }

    void clear()
    {
        std::unordered_map<GstMemory *, std::shared_ptr<Entry>> dropped;
        const std::lock_guard lock(state_->mutex);
        dropped.reserve(state_->slots.size());
        for (auto &slot : state_->slots)
            dropped.emplace(slot.first, std::move(slot.second));
    }

    // Entries in force.
    std::size_t size() const
    {
        const std::lock_guard lock(state_->mutex);
        std::size_t count = 0;
        for (const auto &slot : state_->slots)
            count += slot.second ? 1 : 0;
        return count;
    }

private:
    struct State {
        std::mutex mutex;
        std::unordered_map<GstMemory *, std::shared_ptr<Entry>> slots;
    };

    static void memoryDied(gpointer data, GstMiniObject *where)
    {
        const std::unique_ptr<std::shared_ptr<State>> state(static_cast<std::shared_ptr<State> *>(data));
        std::shared_ptr<Entry> dropped;
        const std::lock_guard lock((*state)->mutex);
        const auto slot = (*state)->slots.find(reinterpret_cast<GstMemory *>(where));
        if (slot == (*state)->slots.end())
            return;
        dropped = std::move(slot->second);
        (*state)->slots.erase(slot);
    }

    std::shared_ptr<State> state_;
};

} // namespace zc::gst
